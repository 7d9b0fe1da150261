import { createServer, type Server } from 'node:net';

/** A port that is ours for as long as it is held. */
export interface HeldPort {
  readonly port: number;
  release(): Promise<void>;
}

/**
 * Finds a free port on `host` and holds it there, so that nothing else on this computer is given it. Machines listen on the same port
 * of other loopback addresses, which the holding does not touch.
 */
export async function holdPort(host: string): Promise<HeldPort> {
  const server = createServer((socket) => socket.destroy());
  await listen(server, host);
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return {
    port: address.port,
    release: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function listen(server: Server, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port: 0 }, () => resolve());
  });
}
