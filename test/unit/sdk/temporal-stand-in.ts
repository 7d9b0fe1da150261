import { createSecureServer, createServer, type Http2Server, type IncomingHttpHeaders } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import sshpk from 'sshpk';

/** A certificate and its key, PEM. */
export interface Identity {
  readonly certificate: string;
  readonly key: string;
}

/** Signed by itself: whoever trusts that very certificate trusts its holder. */
export function identity(host: string): Identity {
  const key = sshpk.generatePrivateKey('ecdsa');
  const certificate = sshpk.createSelfSignedCertificate(sshpk.identityForHost(host), key, {
    purposes: ['serverAuth', 'clientAuth'],
  });
  return { certificate: certificate.toString('pem'), key: key.toString('pkcs8') };
}

/** What a server got to know of who called. */
export interface Call {
  readonly headers: IncomingHttpHeaders;
  readonly overTls: boolean;
  /** The name in the client's certificate. */
  readonly client?: string;
}

export interface StandIn {
  readonly address: string;
  readonly calls: readonly Call[];
  /** The methods whose answer is held back, and that wait for it. */
  readonly waiting: readonly string[];
  close(): void;
}

/** Speaks as much gRPC as a client needs to connect: each call gets an empty answer, or is UNAUTHENTICATED. With a client's certificate, no other client. Of `held`, a method's name, no call is answered. */
export async function standIn(
  tls?: { readonly server: Identity; readonly onlyClient?: string },
  refusal?: string,
  held?: string,
): Promise<StandIn> {
  const calls: Call[] = [];
  const waiting: string[] = [];
  const server: Http2Server =
    tls === undefined
      ? createServer()
      : createSecureServer({
          cert: tls.server.certificate,
          key: tls.server.key,
          ...(tls.onlyClient === undefined ? {} : { ca: tls.onlyClient, requestCert: true, rejectUnauthorized: true }),
        });
  server.on('stream', (stream, headers) => {
    const socket = stream.session?.socket as TLSSocket | undefined;
    const peer = tls?.onlyClient === undefined ? undefined : socket?.getPeerCertificate().subject.CN;
    calls.push({
      headers,
      overTls: socket?.encrypted === true,
      ...(typeof peer === 'string' ? { client: peer } : {}),
    });
    if (held !== undefined && headers[':path']?.endsWith(`/${held}`) === true) {
      waiting.push(held);
      stream.on('error', () => undefined);
      stream.on('close', () => void waiting.pop());
      return;
    }
    const head = { ':status': 200, 'content-type': 'application/grpc' };
    if (refusal !== undefined) {
      stream.respond({ ...head, 'grpc-status': '16', 'grpc-message': refusal }, { endStream: true });
      return;
    }
    stream.respond(head, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.resume();
    stream.end(Buffer.alloc(5)); // one message, not compressed, of no bytes
  });
  server.on('sessionError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { address: `127.0.0.1:${port}`, calls, waiting, close: () => void server.close() };
}
