import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { ScheduleNotFoundError } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import type { LookIntervals } from '../activities/dependencies.ts';
import { readConfig, type WorkerConfig } from '../config.ts';
import { SEARCH_ATTRIBUTE_TYPES } from '../contract/search-attributes.ts';
import { accountBrokerId, sweepScheduleId } from '../contract/workflow-ids.ts';
import type { Logger } from '../observability/logger.ts';
import { connectClient } from '../sdk/connect.ts';
import { NodeProvisioner } from '../sdk/index.ts';
import { loadTemporalConfig } from '../sdk/temporal-config.ts';
import { startTemporalServer } from '../temporal-server/index.ts';
import { spawnTied } from '../temporal-server/tied-process.ts';
import { startWorker, type WorkerSettings } from '../worker.ts';
import type { RunState } from './state.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What a provision needs beside Lambda: Temporal, a worker of an account of its own, a Navarch. */
export interface Stage {
  readonly provisioner: NodeProvisioner;
  /** Of the Temporal UI, if there is one. */
  readonly uiUrl: string | undefined;
  /** Takes out of Temporal what goes on by itself: nobody will work on this account any more. */
  clear(): Promise<void>;
  /** Ends what was started here; what Temporal holds, stays. May be called again. */
  close(): Promise<void>;
}

export interface StageOptions {
  readonly mode: 'embedded' | 'configured';
  readonly account: string;
  readonly environment: Environment;
  readonly lambdaUrl: string;
  readonly state: RunState;
  readonly logger: Logger;
  readonly tell: (line: string) => void;
  readonly looks?: LookIntervals | undefined;
  readonly workflowBundlePath?: WorkerSettings['workflowBundlePath'];
}

/** A local Navarch stands where none is configured; nothing is sent there, so this address only fills the variable. */
const NO_NAVARCH = 'http://127.0.0.1:9';

/**
 * What the worker is given: the person's own variables, but for those that would let it meet others. Its queues are its own (another worker
 * of the account would not be recorded, and this one is not to take its work), and so are its ports.
 */
export function workerEnvironment(
  environment: Environment,
  {
    account,
    lambdaUrl,
    mode,
    navarchUrl = NO_NAVARCH,
  }: Pick<StageOptions, 'account' | 'lambdaUrl' | 'mode'> & {
    readonly navarchUrl?: string | undefined;
  },
): Environment {
  return {
    ...environment,
    LAMBDA_BASE_URL: lambdaUrl,
    NAVARCH_ACCOUNT: account,
    NAVARCH_HTTP_ADDRESS: '127.0.0.1:0',
    NAVARCH_METRICS_ADDRESS: undefined,
    NAVARCH_DEPLOYMENT_NAME: undefined,
    NAVARCH_BUILD_ID: undefined,
    NAVARCH_CONTROL_PLANE_URL: given(environment, 'NAVARCH_CONTROL_PLANE_URL') ?? navarchUrl,
    // What the embedded server keeps, it keeps on this machine and until the proof.
    ...(mode === 'configured' ? {} : { NAVARCH_PAYLOAD_KEYS: undefined, NAVARCH_PAYLOAD_KEYS_FILE: undefined }),
  };
}

/** What a variable is set to; one that is empty is not. */
export function given(environment: Environment, name: string): string | undefined {
  const value = environment[name]?.trim() ?? '';
  return value === '' ? undefined : value;
}

/** Starts it all; on failure nothing of it is left running. */
export async function openStage(options: StageOptions): Promise<Stage> {
  const { mode, account, environment, tell } = options;
  const closing: (() => Promise<unknown>)[] = [];
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => (closed ??= closeAll(closing));
  try {
    const temporal = await openTemporal(options, closing);
    const { address, namespace } = temporal;
    const navarchUrl = given(environment, 'NAVARCH_CONTROL_PLANE_URL') ?? (await startLocalNavarch(closing));
    const config: WorkerConfig = readConfig(workerEnvironment(environment, { ...options, navarchUrl }));
    const { looks, workflowBundlePath, logger } = options;
    const worker = await startWorker({
      config,
      logger,
      temporal: { connection: temporal.connection, namespace },
      ...(looks === undefined ? {} : { looks }),
      ...(workflowBundlePath === undefined ? {} : { workflowBundlePath }),
    });
    closing.push(() => worker.stop());
    const where = mode === 'embedded' ? { address, namespace, tls: false } : { environment: strings(environment) };
    const { client, uiUrl } = await connectClient({
      ...where,
      ...(temporal.uiUrl === undefined ? {} : { uiUrl: temporal.uiUrl }),
    });
    const provisioner = NodeProvisioner.over(client, { account, uiUrl });
    closing.push(() => provisioner.close());
    const sweeps = client.schedule.getHandle(sweepScheduleId(account));
    // The worker has made it. What is left of this one node is looked for by live-check itself, and other people's is not its business.
    await sweeps.delete().catch((error: unknown) => {
      if (!(error instanceof ScheduleNotFoundError))
        tell(`${sweeps.scheduleId} could not be deleted: ${String(error)}`);
    });
    tell(`Temporal at ${address}${uiUrl === undefined ? '' : `, its UI at ${uiUrl}`}`);
    return {
      provisioner,
      uiUrl,
      close,
      async clear() {
        await sweeps.delete().catch(unlessGone);
        const broker = client.workflow.getHandle(accountBrokerId(account));
        await broker.terminate('live-check is over').catch(unlessGone);
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openTemporal(
  { mode, environment, state, tell }: StageOptions,
  closing: (() => Promise<unknown>)[],
): Promise<{
  readonly connection: WorkerSettings['temporal']['connection'];
  readonly namespace: string;
  readonly address: string;
  readonly uiUrl?: string | undefined;
}> {
  if (mode === 'configured') {
    const { connectionOptions, namespace } = loadTemporalConfig({ overrideEnvVars: strings(environment) });
    const { address = 'localhost:7233' } = connectionOptions;
    return { connection: connectionOptions, namespace: namespace ?? 'default', address };
  }
  const server = await startTemporalServer({
    ui: true,
    dbFilename: state.database,
    logFile: state.serverLog,
    searchAttributes: SEARCH_ATTRIBUTE_TYPES,
    onProgress: tell,
  });
  closing.push(() => server.stop());
  const { address, namespace, uiUrl } = server;
  return { connection: { address }, namespace, address, uiUrl };
}

const LOCAL_NAVARCH_WITHIN_MS = 60_000;
const LOOK_MS = 100;
// The compiled command line, from which a live-check runs itself.
const BIN = fileURLToPath(new URL('../bin.js', import.meta.url));

/**
 * A Navarch in memory, the simulator's own, as a process: nothing in src but the demo may import the simulator. The machine cannot reach it and
 * need not: the node is registered there by us (`registration: 'direct'`). It is given nothing of our environment.
 */
async function startLocalNavarch(closing: (() => Promise<unknown>)[]): Promise<string> {
  const navarch = spawnTied('/usr/bin/env', ['-i', process.execPath, BIN, 'simulator']);
  closing.push(() => navarch.stop());
  for (const until = Date.now() + LOCAL_NAVARCH_WITHIN_MS; Date.now() < until && !navarch.hasEnded();) {
    const [, url] = /^NAVARCH_CONTROL_PLANE_URL=(\S+)$/m.exec(navarch.recentOutput()) ?? [];
    if (url !== undefined) return url;
    await sleep(LOOK_MS);
  }
  throw new Error(`the local Navarch did not start; what it said:\n${navarch.recentOutput()}`);
}

/** The latest first. One that fails does not keep the others. */
async function closeAll(closing: readonly (() => Promise<unknown>)[]): Promise<void> {
  for (const close of closing.toReversed()) await close().catch(() => undefined);
}

function unlessGone(error: unknown): void {
  if (!(error instanceof WorkflowNotFoundError || error instanceof ScheduleNotFoundError)) throw error;
}

function strings(environment: Environment): Record<string, string> {
  const set = Object.entries(environment).filter((entry): entry is [string, string] => Boolean(entry[1]));
  return Object.fromEntries(set);
}
