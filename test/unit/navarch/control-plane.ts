import { once } from 'node:events';
import { createServer as createHttp1 } from 'node:http';
import type { IncomingHttpHeaders, RequestListener } from 'node:http';
import { createServer as createHttp2 } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { ServiceImpl } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { onTestFinished } from 'vitest';
import { ControlPlaneService } from '../../../src/clients/navarch/gen/navarch_pb.ts';

export interface ControlPlane {
  readonly baseUrl: string;
  /** Of each request, in order. */
  readonly headers: IncomingHttpHeaders[];
  readonly sockets: ReadonlySet<Socket>;
}

export interface ControlPlaneOptions {
  readonly http2?: boolean;
  /** As the real one: another token, or none, is a plain 401. */
  readonly token?: string;
}

/** A Connect server with just these methods; it goes away with the test. */
export async function startControlPlane(
  methods: Partial<ServiceImpl<typeof ControlPlaneService>>,
  options: ControlPlaneOptions = {},
): Promise<ControlPlane> {
  const serve = connectNodeAdapter({ routes: (router) => router.service(ControlPlaneService, methods) });
  const headers: IncomingHttpHeaders[] = [];
  const { baseUrl, sockets } = await startHttpServer(
    (request, response) => {
      headers.push(request.headers);
      if (options.token !== undefined && request.headers.authorization !== `Bearer ${options.token}`) {
        response.writeHead(401, { 'content-type': 'text/plain', 'www-authenticate': 'Bearer realm="navarch"' });
        response.end('unauthorized\n');
        return;
      }
      serve(request, response);
    },
    { http2: options.http2 ?? false },
  );
  return { baseUrl, headers, sockets };
}

/** An HTTP server; it goes away with the test. */
export async function startHttpServer(
  listener: RequestListener,
  options: { readonly http2?: boolean } = {},
): Promise<{ readonly baseUrl: string; readonly sockets: Set<Socket> }> {
  const sockets = new Set<Socket>();
  // The two kinds of request differ in what nobody here looks at.
  const server = options.http2 === true ? createHttp2(listener as never) : createHttp1(listener);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, sockets };
}
