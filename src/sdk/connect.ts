import { Client, Connection, type ConnectionOptions } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { TemporalUnreachableError } from './errors.ts';

/** Where Temporal is. What is not given comes from Temporal's own client configuration: TEMPORAL_* variables, then its file. */
export interface ConnectOptions {
  /** host:port. Default: TEMPORAL_ADDRESS, the configuration file, localhost:7233. */
  readonly address?: string;
  /** Default: TEMPORAL_NAMESPACE, the configuration file, `default`. */
  readonly namespace?: string;
  /** The Lambda account whose worker is asked, as its NAVARCH_ACCOUNT names it. Default: the one without a name. */
  readonly account?: string;
  /** What else the connection needs (TLS, API key, metadata); goes before the configuration. */
  readonly connectionOptions?: ConnectionOptions;
  /** Variables to read instead of the process's environment. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

// An address where nothing listens is retried by gRPC until then; a server that is there answers within milliseconds.
const CONNECT_TIMEOUT_MS = 5_000;

/** @throws TemporalUnreachableError */
export async function connectClient(options: ConnectOptions): Promise<Client> {
  const configured = readConfiguration(options);
  const connectionOptions: ConnectionOptions = {
    connectTimeout: CONNECT_TIMEOUT_MS,
    ...configured.connection,
    ...options.connectionOptions,
    ...(options.address === undefined ? {} : { address: options.address }),
  };
  const namespace = options.namespace ?? configured.namespace ?? 'default';
  const where = connectionOptions.address ?? 'localhost:7233';
  try {
    return new Client({ connection: await Connection.connect(connectionOptions), namespace });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new TemporalUnreachableError(`cannot reach Temporal at ${where}: ${why}`, { cause: error });
  }
}

function readConfiguration({ environment }: ConnectOptions): {
  connection: ConnectionOptions;
  namespace: string | undefined;
} {
  try {
    const { connectionOptions, namespace } = loadClientConnectConfig(
      environment === undefined ? {} : { overrideEnvVars: withoutUndefined(environment) as Record<string, string> },
    );
    const { address, tls, apiKey, metadata } = connectionOptions;
    return { connection: withoutUndefined({ address, tls, apiKey, metadata }), namespace };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new TemporalUnreachableError(`Temporal's client configuration cannot be used: ${why}`, { cause: error });
  }
}

function withoutUndefined<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, given]) => given !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
