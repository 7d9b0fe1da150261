import { createServer as createHttp1, type RequestListener } from 'node:http';
import { createServer as createHttp2, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import { createServer as createTcp, type AddressInfo, type Socket } from 'node:net';

/** A server that speaks HTTP/1.1 and HTTP/2 without TLS on one port, as Go's do: the client's first bytes say which. */
export interface EitherHttpServer {
  /** Resolves with the port. */
  listen(host: string, port: number): Promise<number>;
  /** Drops every connection. Idempotent. */
  close(): Promise<void>;
}

/** What every HTTP/2 connection begins with (RFC 9113, 3.4). */
const PREFACE = 'PRI';

/** `isAway` is asked at each connection and each request: while it is true, every connection there is gets reset. */
export function eitherHttpServer(handle: RequestListener, isAway: () => boolean): EitherHttpServer {
  const sockets = new Set<Socket>();
  const dropAll = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  const listener: RequestListener = (request, response) => {
    if (isAway()) dropAll();
    else handle(request, response);
  };
  const http1 = createHttp1(listener);
  // Node's compatibility API makes an HTTP/2 exchange look like the other; only their declared types differ.
  const http2 = createHttp2(
    listener as unknown as (request: Http2ServerRequest, response: Http2ServerResponse) => void,
  );
  const tcp = createTcp((socket) => {
    if (isAway()) {
      socket.resetAndDestroy();
      return;
    }
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    // A client that goes away without a word is no event here.
    socket.on('error', () => undefined);
    socket.once('readable', () => {
      const first: unknown = socket.read();
      if (!Buffer.isBuffer(first)) {
        socket.destroy();
        return;
      }
      socket.unshift(first);
      const server = first.subarray(0, PREFACE.length).toString('latin1') === PREFACE ? http2 : http1;
      server.emit('connection', socket);
    });
  });
  return {
    listen: (host, port) =>
      new Promise((resolve, reject) => {
        tcp.once('error', reject);
        tcp.listen({ host, port }, () => resolve((tcp.address() as AddressInfo).port));
      }),
    close: () =>
      new Promise((resolve) => {
        tcp.close(() => resolve());
        dropAll();
      }),
  };
}
