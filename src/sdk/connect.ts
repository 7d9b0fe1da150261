import { Client, Connection, isGrpcServiceError, type ConnectionOptions } from '@temporalio/client';
import { EncryptionCodec, type KeySource } from '../payload-encryption/index.ts';
import { readEnvironment, type Environment } from './environment.ts';
import { ConfigurationError, TemporalUnreachableError } from './errors.ts';
import { keysGiven, type PayloadKeys } from './payload-keys.ts';
import { uiOf } from './temporal-ui.ts';
import { loadTemporalConfig } from './temporal-config.ts';
import { tlsOptions, type TlsOptions } from './tls.ts';

/**
 * Where Temporal is and how it lets us in. Each option goes before Temporal's own client configuration: the TEMPORAL_* variables, then its
 * file (https://docs.temporal.io/develop/environment-configuration). With everything configured there, no option is needed.
 */
export interface ConnectOptions {
  /** host:port. Default: TEMPORAL_ADDRESS, the file, localhost:7233. */
  readonly address?: string;
  /** Default: TEMPORAL_NAMESPACE, the file, `default`. */
  readonly namespace?: string;
  /** The Lambda account whose worker is asked, as its NAVARCH_ACCOUNT names it. Default: the one without a name. */
  readonly account?: string;
  /**
   * `true`: the server is spoken to over TLS and has to show a certificate of an authority that Node trusts, or that is configured. `false`:
   * in the clear, whatever is configured. Its fields, each before the configured one: another authority, another name, a certificate of our
   * own (mTLS). Default: TEMPORAL_TLS, TEMPORAL_TLS_…, the file; with an API key, TLS; else none.
   */
  readonly tls?: boolean | TlsOptions;
  /** Sent as bearer token with each request; a function is asked each time, so that keys can be exchanged. Default: TEMPORAL_API_KEY, the file, none. */
  readonly apiKey?: string | (() => string);
  /** Which profile of the configuration file is read. Default: TEMPORAL_PROFILE, `default`. */
  readonly profile?: string;
  /**
   * http(s) address of the Temporal UI: errors then say where it shows the workflow that they are about. Default: NAVARCH_TEMPORAL_UI_URL;
   * for a server of Temporal Cloud, https://cloud.temporal.io; else none.
   */
  readonly uiUrl?: string;
  /**
   * Keys of encrypted payloads, as the workers' NAVARCH_PAYLOAD_KEYS holds them: one a line, the first encrypts, all decrypt. A function is asked
   * again while the client runs. Default: NAVARCH_PAYLOAD_KEYS, or the file that NAVARCH_PAYLOAD_KEYS_FILE names; else nothing is encrypted.
   */
  readonly payloadKeys?: PayloadKeys;
  /** What else Temporal's client can do (metadata, interceptors, channel arguments); goes before the configuration, and behind the options above. */
  readonly connectionOptions?: ConnectionOptions;
  /** Variables to read instead of the process's environment. */
  readonly environment?: Environment;
}

/** Options and configuration together. */
export interface ResolvedOptions {
  readonly connection: ConnectionOptions & { readonly address: string };
  readonly namespace: string;
  readonly uiUrl: string | undefined;
  readonly payloadKeys: KeySource;
}

// An address where nothing listens is retried by gRPC until then; a server that is there answers within milliseconds.
const CONNECT_TIMEOUT_MS = 5_000;

/** @throws ConfigurationError before anything is sent; TemporalUnreachableError */
export async function connectClient(options: ConnectOptions): Promise<{ client: Client; uiUrl: string | undefined }> {
  const { connection: connectionOptions, namespace, uiUrl, payloadKeys } = usable(() => resolve(options));
  await requireKeys(payloadKeys);
  const connection = usable(() => Connection.lazy(connectionOptions));
  try {
    await connection.ensureConnected();
  } catch (error) {
    await connection.close();
    const where = `${connectionOptions.address}, ${isOverTls(connectionOptions) ? 'over TLS' : 'without TLS'}`;
    throw new TemporalUnreachableError(`cannot reach Temporal at ${where}: ${whyOf(error)}`, { cause: error });
  }
  return {
    client: new Client({ connection, namespace, dataConverter: { payloadCodecs: [new EncryptionCodec(payloadKeys)] } }),
    uiUrl,
  };
}

/** What is asked of Temporal's client. @throws Error, of what cannot be used */
export function resolve(options: ConnectOptions): ResolvedOptions {
  const { profile, apiKey } = options;
  const environment = readEnvironment(options.environment);
  const configured = loadTemporalConfig({
    overrideEnvVars: environment.all,
    ...(profile === undefined ? {} : { profile }),
  });
  const {
    address: configuredAddress,
    tls: configuredTls,
    apiKey: configuredKey,
    metadata,
  } = configured.connectionOptions;
  const address = options.address ?? options.connectionOptions?.address ?? configuredAddress ?? 'localhost:7233';
  const connection = {
    connectTimeout: CONNECT_TIMEOUT_MS,
    ...withoutUndefined({ tls: configuredTls, apiKey: configuredKey, metadata }),
    ...options.connectionOptions,
    ...(options.tls === undefined ? {} : { tls: tlsOptions(options.tls, configuredTls) }),
    ...(apiKey === undefined ? {} : { apiKey }),
    address,
  };
  return {
    connection,
    namespace: options.namespace ?? configured.namespace ?? 'default',
    uiUrl: uiUrlOf(options.uiUrl ?? environment.uiUrl) ?? uiOf(address),
    payloadKeys: options.payloadKeys === undefined ? environment.payloadKeys : keysGiven(options.payloadKeys),
  };
}

/** Said now, and not of the first payload. */
async function requireKeys(keys: KeySource): Promise<void> {
  try {
    await keys.ring();
  } catch (error) {
    throw new ConfigurationError(whyOf(error), { cause: error });
  }
}

function uiUrlOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new Error(`the address of the Temporal UI, ${text}, is no http or https address`);
  }
  return text;
}

function usable<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new ConfigurationError(`Temporal's client configuration cannot be used: ${whyOf(error)}`, { cause: error });
  }
}

function isOverTls({ tls, apiKey, credentials }: ConnectionOptions): boolean {
  return credentials !== undefined || Boolean(tls ?? apiKey !== undefined);
}

/** Of a service's error its cause says why. */
function whyOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return isGrpcServiceError(error.cause) ? error.cause.details : error.message;
}

function withoutUndefined<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, given]) => given !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
