import { fastify } from 'fastify';

/** What the worker says of itself. */
export interface Health {
  /** Undefined when ready; otherwise what is missing, in one sentence. */
  readonly notReady: () => string | undefined;
}

export interface HealthServer {
  readonly url: string;
  close(): Promise<void>;
}

/** `/healthz`: the process answers. `/readyz`: it polls for work; 503 with the reason otherwise. */
export async function startHealthServer(
  address: { readonly host: string; readonly port: number },
  health: Health,
): Promise<HealthServer> {
  const server = fastify({ logger: false, forceCloseConnections: true });
  server.get('/healthz', () => ({ status: 'ok' }));
  server.get('/readyz', async (_request, reply) => {
    const reason = health.notReady();
    return reply
      .code(reason === undefined ? 200 : 503)
      .send(reason === undefined ? { status: 'ready' } : { status: 'not ready', reason });
  });
  const url = await server.listen(address);
  return { url, close: () => server.close() };
}
