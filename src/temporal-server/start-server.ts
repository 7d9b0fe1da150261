import getPort from 'get-port';
import { Connection } from '@temporalio/client';
import { registerSearchAttributes } from './search-attributes.ts';
import type { SearchAttributeTypes } from './search-attributes.ts';
import { listens, untilServing } from './readiness.ts';
import { resolveTemporalCli } from './resolve-cli.ts';
import type { ResolveOptions } from './resolve-cli.ts';
import { spawnTied } from './tied-process.ts';

const HOST = '127.0.0.1';
const NAMESPACE = 'default';
const READY_WITHIN_MS = 60_000;
/** A free port may be taken by somebody else before the server listens on it, of which the server may die with a Go trace. */
const TRIES_WITH_FREE_PORTS = 3;
const WORTH_ANOTHER_TRY = /address already in use|^goroutine \d+ \[/m;

/** One partition per task queue: with the default of four, rate limits and priorities hold for each partition only. */
const ONE_PARTITION = {
  'matching.numTaskqueueReadPartitions': 1,
  'matching.numTaskqueueWritePartitions': 1,
};

export interface StartServerOptions extends ResolveOptions {
  /** With the web UI. Default: without. */
  readonly ui?: boolean;
  /** Default: a free one. */
  readonly port?: number;
  /** Default: a free one. */
  readonly uiPort?: number;
  /** Keeps everything in this file, so that a later server goes on with it. Default: in memory. */
  readonly dbFilename?: string;
  readonly searchAttributes?: SearchAttributeTypes;
  /** Server settings by key, beside one partition per task queue. */
  readonly dynamicConfig?: Readonly<Record<string, string | number | boolean>>;
  /** The server's log (warnings and errors) is appended here. */
  readonly logFile?: string;
}

/** A Temporal dev server of ours. It ends with this process at the latest, even if that is killed. */
export interface TemporalServer {
  /** host:port of its gRPC frontend. */
  readonly address: string;
  readonly uiUrl?: string;
  readonly namespace: string;
  readonly pid: number;
  /** Resolves when no process of it is left. May be called again. */
  stop(): Promise<void>;
}

/**
 * Starts a Temporal dev server on 127.0.0.1 and returns when it serves and knows the search attributes.
 * @throws what `resolveTemporalCli` throws; Error if a given port is in use; Error with the server's own words if it does not come up.
 */
export async function startTemporalServer(options: StartServerOptions = {}): Promise<TemporalServer> {
  for (const [name, port] of [['port', options.port] as const, ['uiPort', options.uiPort] as const]) {
    // Otherwise whoever is there could answer in our server's place.
    if (port !== undefined && (await listens(HOST, port))) throw new Error(`${name}: ${port} is in use on ${HOST}`);
  }
  const cli = await resolveTemporalCli(options);
  const portsAreOurs = options.port === undefined && (options.uiPort === undefined || options.ui !== true);
  for (let tries = 1; ; tries += 1) {
    const started = await startOnce(cli, options);
    if (typeof started !== 'string') return started;
    if (!portsAreOurs || tries === TRIES_WITH_FREE_PORTS || !WORTH_ANOTHER_TRY.test(started)) {
      throw new Error(started);
    }
  }
}

/** The message if it did not come up. */
async function startOnce(cli: string, options: StartServerOptions): Promise<TemporalServer | string> {
  const { ui = false } = options;
  const port = options.port ?? (await getPort({ host: HOST }));
  const uiPort = ui ? (options.uiPort ?? (await getPort({ host: HOST, exclude: [port] }))) : undefined;
  const address = `${HOST}:${port}`;
  const server = spawnTied(
    cli,
    serverArguments(port, uiPort, options),
    options.logFile === undefined ? {} : { logFile: options.logFile },
  );
  const problem = await untilServing(server, HOST, port, READY_WITHIN_MS);
  if (problem !== undefined || server.pid === undefined) {
    await server.stop();
    return `the Temporal dev server at ${address} did not start: ${problem ?? 'no process'}; what it said:
${server.recentOutput()}`;
  }
  try {
    await register(address, options.searchAttributes ?? {});
  } catch (error) {
    await server.stop();
    throw error;
  }
  return {
    address,
    ...(uiPort === undefined ? {} : { uiUrl: `http://${HOST}:${uiPort}` }),
    namespace: NAMESPACE,
    pid: server.pid,
    stop: () => server.stop(),
  };
}

async function register(address: string, searchAttributes: SearchAttributeTypes): Promise<void> {
  const connection = await Connection.connect({ address });
  try {
    await registerSearchAttributes(connection, NAMESPACE, searchAttributes);
  } finally {
    await connection.close();
  }
}

function serverArguments(port: number, uiPort: number | undefined, options: StartServerOptions): string[] {
  const settings = Object.entries({ ...ONE_PARTITION, ...options.dynamicConfig });
  return [
    ...['server', 'start-dev', '--ip', HOST, '--port', String(port), '--namespace', NAMESPACE, '--log-level', 'warn'],
    ...(uiPort === undefined ? ['--headless'] : ['--ui-ip', HOST, '--ui-port', String(uiPort)]),
    ...(options.dbFilename === undefined ? [] : ['--db-filename', options.dbFilename]),
    ...settings.flatMap(([key, value]) => ['--dynamic-config-value', `${key}=${JSON.stringify(value)}`]),
  ];
}
