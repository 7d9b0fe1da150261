import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';

/** A Temporal server as it is for those who may not do everything. */
export interface RefusingProxy {
  /** host:port */
  readonly address: string;
  /** Names of gRPC methods, as on the wire: `AddSearchAttributes`. They are answered with PERMISSION_DENIED, and reach nobody. */
  readonly refused: Set<string>;
  close(): Promise<void>;
}

const PERMISSION_DENIED = '7';

/** Passes every call on to the server, but those that it refuses. */
export async function startRefusingProxy(address: string): Promise<RefusingProxy> {
  const refused = new Set<string>();
  const upstream = http2.connect(`http://${address}`);
  const sessions = new Set<http2.ServerHttp2Session>();
  const server = http2.createServer();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
  });
  server.on('stream', (stream, headers) => {
    const method = headers[':path']?.split('/').at(-1) ?? '';
    if (refused.has(method)) {
      const status = { 'grpc-status': PERMISSION_DENIED, 'grpc-message': 'Request unauthorized.' };
      stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...status }, { endStream: true });
      return;
    }
    const call = upstream.request(headers);
    // The answer's trailers carry gRPC's status.
    let trailers: http2.IncomingHttpHeaders = {};
    call.on('response', (answer, flags) => {
      // Whoever asked may have gone: a worker that stops gives its polls up.
      if (stream.destroyed) return;
      const isWhole = (flags & http2.constants.NGHTTP2_FLAG_END_STREAM) !== 0;
      stream.respond(answer, isWhole ? { endStream: true } : { waitForTrailers: true });
    });
    call.on('trailers', (received: http2.IncomingHttpHeaders) => void (trailers = received));
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    call.on('error', () => stream.close());
    stream.on('error', () => call.close());
    stream.on('close', () => call.close());
    stream.pipe(call).pipe(stream);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    refused,
    async close() {
      for (const session of sessions) session.destroy();
      upstream.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
