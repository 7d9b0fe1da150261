import type { ConnectionOptions } from '@temporalio/client';

/** PEM, as text or as a file's bytes. */
export type Pem = string | Uint8Array;

/** How TLS to Temporal differs from the usual. */
export interface TlsOptions {
  /** Certificate of the authority that the server's certificate has to be signed by. Default: those that Node trusts. */
  readonly serverCaCertificate?: Pem;
  /** The name that the server's certificate has to bear. Default: the host of the address. */
  readonly serverName?: string;
  /** Certificate by which the server knows us (mTLS); with `clientKey`. */
  readonly clientCertificate?: Pem;
  /** Private key of that certificate. */
  readonly clientKey?: Pem;
}

type Tls = NonNullable<ConnectionOptions['tls']>;
type TlsFields = Exclude<Tls, boolean>;

/** What is asked of Temporal's client: each field that is given, else the configured one. @throws Error for half of a client's pair */
export function tlsOptions(asked: boolean | TlsOptions, configured: ConnectionOptions['tls']): Tls {
  if (asked === false) return false;
  const base: TlsFields = typeof configured === 'object' && configured !== null ? configured : {};
  if (asked === true) return base;
  const { serverCaCertificate, serverName, clientCertificate, clientKey } = asked;
  if ((clientCertificate === undefined) !== (clientKey === undefined)) {
    throw new Error('tls: clientCertificate and clientKey are of use only together');
  }
  return {
    ...base,
    ...(serverCaCertificate === undefined ? {} : { serverRootCACertificate: bytes(serverCaCertificate) }),
    ...(serverName === undefined ? {} : { serverNameOverride: serverName }),
    ...(clientCertificate === undefined || clientKey === undefined
      ? {}
      : { clientCertPair: { crt: bytes(clientCertificate), key: bytes(clientKey) } }),
  };
}

function bytes(pem: Pem): Uint8Array {
  return typeof pem === 'string' ? Buffer.from(pem) : pem;
}
