import { existsSync, realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { NativeConnection, Worker, type WorkerInterceptors, type WorkerOptions } from '@temporalio/worker';
import { createActivities } from './activities/index.ts';
import { DEFAULT_LOOKS, type LookIntervals } from './activities/dependencies.ts';
import { Broker } from './activities/broker.ts';
import { rememberedKeys } from './activities/ssh-keys.ts';
import { LambdaUnauthorizedError, type LambdaClient } from './clients/lambda/index.ts';
import { readPrivateKey } from './clients/ssh/index.ts';
import { ConfigurationError, readConfig, type WorkerConfig } from './config.ts';
import { unknownVariables, unknownVariableText } from './config-variables.ts';
import { SEARCH_ATTRIBUTE_TYPES } from './contract/search-attributes.ts';
import { mainTaskQueue, taskQueuesOf } from './contract/task-queues.ts';
import { sweepScheduleId } from './contract/workflow-ids.ts';
import { OLD_SSH_KEY_MS } from './domain/deadlines.ts';
import { provisionerHandler } from './nexus/index.ts';
import { startCensus } from './observability/census.ts';
import { startHealthServer, type HealthServer } from './observability/health.ts';
import type { Logger } from './observability/logger.ts';
import { workerMetrics } from './observability/metrics.ts';
import { NO_SPANS } from './observability/no-spans.ts';
import { startTracing } from './observability/tracing.ts';
import { EncryptedPayloadError, EncryptionCodec, keySource } from './payload-encryption/index.ts';
import { loadTemporalConfig } from './sdk/temporal-config.ts';
import { searchAttributeCommands, type Place } from './setup/admin-commands.ts';
import { ensureSweepSchedule, readSweepSchedule } from './sweep-schedule.ts';
import { registerSearchAttributes } from './temporal-server/search-attributes.ts';
import { installRuntime, keepMemorySmall } from './worker-runtime.ts';
import { clientsOf } from './worker-clients.ts';
import { versioned, watchVersion } from './worker-version.ts';
import { ENCODED_FAILURES, WORKFLOW_BUNDLES, WORKFLOW_SOURCES } from './workflow-sources.ts';

/** How to reach Temporal. */
export interface TemporalTarget {
  readonly connection: Parameters<typeof NativeConnection.connect>[0];
  readonly namespace: string;
}

export interface WorkerSettings {
  readonly config: WorkerConfig;
  readonly temporal: TemporalTarget;
  readonly logger: Logger;
  readonly looks?: LookIntervals;
  /** Between two counts of the account's nodes, for the metrics. Default 60 000. */
  readonly censusEveryMs?: number | undefined;
  /** Default: the bundle beside this file if the build made one, else the sources. With payload keys it has to be one of encoded failures. */
  readonly workflowBundlePath?: string;
  /** What a test or an embedding adds to both workers. */
  readonly workerOptions?: Pick<
    WorkerOptions,
    | 'interceptors'
    | 'maxHeartbeatThrottleInterval'
    | 'workflowTaskPollerBehavior'
    | 'activityTaskPollerBehavior'
    | 'stickyQueueScheduleToStartTimeout'
  >;
}

export interface RunningWorker {
  /** Of /healthz and /readyz. */
  readonly healthUrl: string;
  /** Resolves when it has drained and ended; rejects when it could not go on. */
  readonly ended: Promise<void>;
  /** Takes no more work, lets what runs end (a launch in flight for up to two minutes), and ends. */
  stop(): Promise<void>;
}

// A launch in flight is waited for: its answer tells what there is to undo (P2). Everything else is repeated by another worker.
const LAUNCH_GRACE_MS = 125_000;
const HOST_GRACE_MS = 1_000;

/**
 * So long, in real time, workflow code may take at once: the SDK's own limit, of five seconds. Where it strikes, Node 20 to 24 may end the
 * whole process instead of the task (nodejs/node#38503, sdk-typescript#939), and a broker's history replayed on a machine that is busy or
 * stands still takes longer than that. The server gives a task ten seconds; what never ends is found all the same. The SDK takes the option,
 * and leaves it out of its types.
 */
const PATIENT = { isolateExecutionTimeout: '60s' };

/** A node that boots holds one of these all the while: fewer than there are nodes, and the others' steps wait for theirs. */
const MOST_HOST_STEPS = 2_000;

/**
 * So many workflow tasks at once, the SDK's ten polls for them included: with as few as these, whoever polls for tasks of the cache would hold
 * what new workflows and questions need. One thread runs them all, and in a replay each of a history's tasks waits behind the others' once more:
 * with the SDK's forty, a broker that had fallen out of the cache while ten thousand came took longer than a task may, again and again.
 */
const WORKFLOW_TASKS_AT_ONCE = 20;

/** Starts one worker process's two workers: workflows with SSH and Navarch, and all that asks Lambda something. */
export async function startWorker({
  config,
  temporal,
  logger,
  looks = DEFAULT_LOOKS,
  censusEveryMs,
  workflowBundlePath,
  workerOptions = {},
}: WorkerSettings): Promise<RunningWorker> {
  const { privateKey, previousPrivateKey } = config.ssh;
  const privateKeys = rememberedKeys(privateKey, previousPrivateKey, OLD_SSH_KEY_MS);
  await requireReadableKey('NAVARCH_SSH_PRIVATE_KEY', async () => (await privateKeys())[0]);
  await requireReadableKey('NAVARCH_SSH_PREVIOUS_PRIVATE_KEY', previousPrivateKey);
  const dataConverter = await encrypting(config, logger);
  const connection = await connect(temporal);
  let tracing: Awaited<ReturnType<typeof startTracing>> | undefined;
  let health: HealthServer | undefined;
  try {
    if (config.tracing) tracing = await startTracing();
    const { namespace } = temporal;
    const place: Place = { address: temporal.connection?.address ?? LOCAL, namespace };
    await requireSearchAttributes(connection, place);
    const namespaceId = await readNamespaceId(connection, namespace);
    const client = new Client({ connection, namespace, dataConverter });
    const record = workerMetrics();
    const dependencies = {
      ...clientsOf(config, new Broker({ temporal: client, account: config.account }), record),
      temporal: client,
      namespaceId,
      account: config.account,
      ssh: { ...config.ssh, privateKeys },
      defaults: { sshKeyName: config.lambda.sshKeyName, imageFamily: config.lambda.imageFamily },
      agent: {
        downloadUrl: config.navarch.agentDownloadUrl,
        controlPlaneUrl: config.navarch.agentControlPlaneUrl,
        authToken: async () => config.navarch.authToken?.(),
        sha256: config.navarch.agentSha256,
      },
      bootstrapSecret: config.bootstrapSecret,
      looks,
      pace: config.lambda,
      caps: config.caps,
    };
    const activities = createActivities(dependencies);
    const queues = taskQueuesOf(mainTaskQueue(config.account));
    await requireSweepSchedule(dependencies.temporal, config.account, logger);
    const { sinks, interceptors } = tracing?.workerOptions ?? { sinks: NO_SPANS, interceptors: {} };
    const common = {
      connection,
      namespace,
      dataConverter,
      sinks,
      ...versioned(config.deployment),
      ...workerOptions,
      interceptors: together(interceptors, workerOptions.interceptors),
    };
    // One after the other: each takes its turn of a small machine's cores.
    const workers = [
      await Worker.create({
        ...common,
        ...workflowSource(workflowBundlePath, dataConverter),
        ...PATIENT,
        taskQueue: queues.main,
        activities: { ...activities.main },
        nexusServices: [provisionerHandler],
        maxCachedWorkflows: config.maxCachedWorkflows,
        maxConcurrentWorkflowTaskExecutions: WORKFLOW_TASKS_AT_ONCE,
        maxConcurrentActivityTaskExecutions: MOST_HOST_STEPS,
        shutdownGraceTime: HOST_GRACE_MS,
      }),
      await Worker.create({
        ...common,
        taskQueue: queues.lambda,
        activities: { ...activities.lambda },
        maxTaskQueueActivitiesPerSecond: 1_000 / config.lambda.requestIntervalMs,
        shutdownGraceTime: LAUNCH_GRACE_MS,
      }),
    ];
    const lambda = watchLambda(dependencies.lambda, config, logger);
    const version = watchVersion({ client, taskQueue: queues.main, place, deployment: config.deployment, logger });
    const notReady = (): string | undefined => {
      if (lambda.trouble() !== undefined) return lambda.trouble();
      const states = workers.map((worker) => worker.getState());
      return states.every((state) => state === 'RUNNING') ? undefined : `workers are ${states.join(', ')}`;
    };
    health = await startHealthServer(config.http, { notReady });
    const census =
      config.metricsAddress === undefined
        ? undefined
        : startCensus({ client, account: config.account, record, logger, notReady, everyMs: censusEveryMs });

    const stopAll = (): void => {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
    };
    const ended = runAll(workers, stopAll).finally(async () => {
      lambda.stop();
      version.stop();
      census?.stop();
      await health?.close();
      await connection.close();
      await tracing?.stop();
    });
    ended.catch(() => undefined); // reported to whoever waits for it
    logger.info(
      { address: temporal.connection?.address, namespace, taskQueue: queues.main, health: health.url },
      'worker started',
    );
    return {
      healthUrl: health.url,
      ended,
      stop: () => {
        stopAll();
        return ended;
      },
    };
  } catch (error) {
    await health?.close();
    await connection.close();
    await tracing?.stop();
    throw error;
  }
}

/** When one cannot go on, the others stop too: a process that does half of the work looks healthy and is not. */
async function runAll(workers: readonly Worker[], stopAll: () => void): Promise<void> {
  const runs = workers.map(async (worker) => {
    try {
      await worker.run();
    } finally {
      stopAll();
    }
  });
  const failed = (await Promise.allSettled(runs)).find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

/** Said now, in one sentence, instead of at the first machine. */
async function requireReadableKey(
  variable: string,
  read: (() => Promise<string | undefined>) | undefined,
): Promise<void> {
  try {
    const key = await read?.();
    if (key !== undefined) readPrivateKey(key);
  } catch (error) {
    throw new ConfigurationError(
      `configuration: ${variable}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** Where Temporal's client looks by itself. */
const LOCAL = 'localhost:7233';

async function connect(temporal: TemporalTarget): Promise<NativeConnection> {
  try {
    return await NativeConnection.connect(temporal.connection);
  } catch (error) {
    const address = temporal.connection?.address ?? LOCAL;
    const why = error instanceof Error ? error.message : String(error);
    throw new ConfigurationError(`Temporal cannot be reached at ${address} (TEMPORAL_ADDRESS): ${why}`);
  }
}

async function requireSearchAttributes(connection: NativeConnection, place: Place): Promise<void> {
  const { namespace } = place;
  try {
    await registerSearchAttributes(connection, namespace, SEARCH_ATTRIBUTE_TYPES);
  } catch (error) {
    throw new ConfigurationError(
      `search attributes are missing in namespace ${namespace} and could not be added (${error instanceof Error ? error.message : String(error)}): ` +
        `run navarch-provisioner setup, or: ${searchAttributeCommands(place, Object.keys(SEARCH_ATTRIBUTE_TYPES)).join(' && ')}`,
    );
  }
}

/** The time-skipping test server has no schedules. */
const UNIMPLEMENTED = 12;

async function requireSweepSchedule(client: Client, account: string | undefined, logger: Logger): Promise<void> {
  try {
    const target = { account, taskQueue: mainTaskQueue(account) };
    // Where an administrator has made it, the worker needs no right to.
    if ((await readSweepSchedule(client, target))?.asWanted !== true) await ensureSweepSchedule(client, target);
  } catch (error) {
    const cause = error instanceof Error ? (error.cause as { code?: unknown } | undefined) : undefined;
    if (cause?.code === UNIMPLEMENTED) {
      logger.warn('this Temporal server has no schedules: nothing sweeps for orphans');
      return;
    }
    if (error instanceof EncryptedPayloadError)
      throw new ConfigurationError(`the schedule ${sweepScheduleId(account)} cannot be read: ${error.message}`);
    throw new ConfigurationError(
      `the schedule ${sweepScheduleId(account)} that sweeps for orphans could not be made (${error instanceof Error ? error.message : String(error)}): ` +
        'let this worker write schedules in its namespace, or run navarch-provisioner setup',
    );
  }
}

async function readNamespaceId(connection: NativeConnection, namespace: string): Promise<string> {
  const { namespaceInfo } = await connection.workflowService.describeNamespace({ namespace });
  if (namespaceInfo?.id == null || namespaceInfo.id === '')
    throw new Error(`Temporal tells no UUID for namespace ${namespace}`);
  return namespaceInfo.id;
}

/** Between two looks while Lambda does not answer as it should. */
const LAMBDA_TROUBLE_LOOK_MS = 30_000;

/**
 * Asks Lambda once at the start, so that a wrong key or address is said now and not by the first provision; while that fails the worker is
 * not ready, and goes on: what it owns must be looked after all the same, and an outage passes.
 */
function watchLambda(
  client: LambdaClient,
  config: WorkerConfig,
  logger: Logger,
): { trouble(): string | undefined; stop(): void } {
  let trouble: string | undefined = 'Lambda has not answered yet';
  const stopped = new AbortController();
  const look = async (): Promise<void> => {
    try {
      const keys = await client.listSshKeys({ signal: stopped.signal });
      const { sshKeyName } = config.lambda;
      const known = sshKeyName === undefined || keys.some(({ name }) => name === sshKeyName);
      trouble = known ? undefined : `LAMBDA_SSH_KEY_NAME: the Lambda account has no SSH key named ${sshKeyName}`;
    } catch (error) {
      if (stopped.signal.aborted) return;
      const variable = error instanceof LambdaUnauthorizedError ? 'LAMBDA_API_KEY' : 'LAMBDA_BASE_URL';
      trouble = `${variable}: ${error instanceof Error ? error.message : String(error)}`;
    }
    if (trouble === undefined) return;
    logger.error({ trouble }, 'not ready: Lambda does not answer as it should');
    timer = setTimeout(again, LAMBDA_TROUBLE_LOOK_MS);
  };
  const again = (): void => {
    look().catch((error: unknown) => logger.error({ err: error }, 'looking at Lambda failed'));
  };
  let timer: NodeJS.Timeout | undefined;
  again();
  return {
    trouble: () => trouble,
    stop: () => {
      stopped.abort(new Error('the worker ends'));
      clearTimeout(timer);
    },
  };
}

/** Also without keys: then a payload that somebody has encrypted is an error that says what is missing. */
async function encrypting({ payloadKeys }: WorkerConfig, logger: Logger): Promise<DataConverter> {
  const keys = keySource(payloadKeys, {
    onTrouble: (err) => logger.error({ err }, 'payload keys cannot be read again: those read last are used'),
  });
  await keys.ring();
  return { payloadCodecs: [new EncryptionCodec(keys)], ...(payloadKeys === undefined ? {} : ENCODED_FAILURES) };
}

function together(ours: WorkerInterceptors, given: WorkerInterceptors = {}): WorkerInterceptors {
  return { ...given, activity: [...(ours.activity ?? []), ...(given.activity ?? [])] };
}

function workflowSource(
  path: string | undefined,
  { failureConverterPath }: DataConverter,
): Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath' | 'bundlerOptions'> {
  const { plain, encodedFailures } = WORKFLOW_BUNDLES;
  const built = path ?? (failureConverterPath === undefined ? plain : encodedFailures);
  if (existsSync(built)) return { workflowBundle: { codePath: built } };
  const { workflowsPath, preloadModules } = WORKFLOW_SOURCES;
  return { workflowsPath, bundlerOptions: { preloadModules } };
}

/** The worker as a process: until SIGTERM or SIGINT, which drain it. Resolves to its exit code. */
export async function runWorkerProcess(): Promise<number> {
  let logger: Logger | undefined;
  try {
    const config = readConfig();
    keepMemorySmall();
    logger = installRuntime(config);
    for (const variable of unknownVariables(process.env)) logger.warn(variable, unknownVariableText(variable));
    const { connectionOptions, namespace } = loadTemporalConfig();
    const worker = await startWorker({
      config,
      logger,
      temporal: { connection: connectionOptions, namespace: namespace ?? 'default' },
    });
    const log = logger;
    const drain = (signal: NodeJS.Signals): void => {
      log.info({ signal }, 'draining');
      process.once('SIGINT', () => process.exit(130)).once('SIGTERM', () => process.exit(143));
      worker.stop().catch(() => undefined); // `ended` tells
    };
    process.once('SIGINT', drain).once('SIGTERM', drain);
    await worker.ended;
    log.info('worker ended');
    return 0;
  } catch (error) {
    if (logger === undefined || error instanceof ConfigurationError) {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    } else {
      logger.fatal({ err: error }, 'worker cannot go on');
    }
    return error instanceof ConfigurationError ? 2 : 1;
  }
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  process.exitCode = await runWorkerProcess();
}
