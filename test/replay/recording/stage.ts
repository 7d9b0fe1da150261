import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { activityInfo } from '@temporalio/activity';
import {
  Client,
  Connection,
  type WorkflowHandle,
  type WorkflowHandleWithFirstExecutionRunId,
} from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { progressQuery, type Progress } from '../../../src/contract/messages.ts';
import type { Node } from '../../../src/contract/provision-node.ts';
import { SEARCH_ATTRIBUTE_TYPES } from '../../../src/contract/search-attributes.ts';
import { mainTaskQueue } from '../../../src/contract/task-queues.ts';
import { keepNodeId, provisionNodeId, sweepScheduleId } from '../../../src/contract/workflow-ids.ts';
import { createWorld, type World } from '../../../src/demo/world.ts';
import { createLogger } from '../../../src/observability/logger.ts';
import type { Simulator, SimulatorOptions } from '../../../src/simulator/index.ts';
import { registerSearchAttributes } from '../../../src/temporal-server/index.ts';
import { BOOTSTRAP_SECRET_NAME, SECRETS } from './secrets.ts';

/** A provision as a service in any language starts it: plain JSON, by names. */
export type Provision = WorkflowHandleWithFirstExecutionRunId<(request: unknown) => Promise<Node>>;

/** Where one story is recorded: an account of its own, with its cloud and its worker, on a Temporal server. */
export interface Stage {
  readonly client: Client;
  readonly simulator: Simulator;
  readonly account: string;
  readonly taskQueue: string;
  provision(request: Readonly<Record<string, unknown>> & { readonly name: string }): Promise<Provision>;
  /** Starts any other workflow. */
  start(type: string, input?: unknown): Promise<WorkflowHandle>;
  /** The same, waits for its end and gives its result; one that fails gives its error. */
  ask(type: string, input?: unknown): Promise<{ readonly workflowId: string; readonly result: unknown }>;
  /** Lets this much of Temporal's time pass, where that is skipped. */
  skip(ms: number): Promise<void>;
  until(workflowId: string, wished: (progress: Progress) => boolean): Promise<void>;
  /** Until so many activities of a type have been scheduled. */
  untilSteps(workflowId: string, activity: string, count: number): Promise<void>;
  keeper(name: string): WorkflowHandle;
}

export interface OpenedStage extends Stage {
  close(): Promise<void>;
}

export interface Ground {
  readonly address: string;
  readonly bundlePath: string;
}

/** Simulated machines boot in seconds. Workflows and their constants are the product's own: a history is of use only to the code it is of. */
const CLOCK_FACTOR = 40;

const CLOUD: SimulatorOptions = {
  clockFactor: CLOCK_FACTOR,
  limits: 'off',
  bootModel: { addressMs: [1_000, 2_000], singleGpuActiveMs: [10_000, 12_000], terminationMs: [8_000, 10_000] },
  // Agents speak in real time.
  heartbeatIntervalSeconds: 20,
  heartbeatTimeoutMs: 20 * 60_000,
};

let stages = 0;

/** On a Temporal dev server. */
export async function openStage(ground: Ground, simulated: SimulatorOptions): Promise<OpenedStage> {
  const account = nextAccount();
  const { world, secrets } = await worldOf(ground, account, { ...CLOUD, ...simulated });
  await world.startWorker();
  const connection = await Connection.connect({ address: ground.address });
  const client = new Client({ connection });
  // Sweeps are part of a story, or are not there.
  await client.schedule.getHandle(sweepScheduleId(account)).delete();
  const close = async (): Promise<void> => {
    await world.close();
    await connection.close();
    await rm(secrets, { recursive: true, force: true });
  };
  return { ...stageOf(client, world, account, () => Promise.reject(new Error('here time passes as it does'))), close };
}

/** On a server that skips the time in which nobody works; the cloud's clock follows. */
export async function openSkippedStage(
  { path, bundlePath }: { readonly path: string; readonly bundlePath: string },
  simulated: SimulatorOptions,
): Promise<OpenedStage> {
  const account = nextAccount();
  const temporal = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path } },
  });
  await registerSearchAttributes(temporal.connection, 'default', SEARCH_ATTRIBUTE_TYPES);
  const cloud = { ...CLOUD, clockFactor: 100, startAt: await temporal.currentTimeMs(), heartbeatIntervalSeconds: 30 };
  const ground = { address: temporal.address, bundlePath };
  const { world, secrets } = await worldOf(ground, account, { ...cloud, ...simulated }, true);
  await world.startWorker();
  const close = async (): Promise<void> => {
    await world.close();
    await temporal.teardown();
    await rm(secrets, { recursive: true, force: true });
  };
  return { ...stageOf(temporal.client, world, account, (ms) => temporal.sleep(ms)), close };
}

function nextAccount(): string {
  stages += 1;
  return `recording-${stages}`;
}

/** Looks as often as in life, since the waits between them are skipped; at capacity less often, for each costs real time. */
const SKIPPED_LOOKS = { capacityMs: 300_000, nearMs: 5_000, bootMs: 10_000, endMs: 15_000, keptMs: 240_000 };

async function worldOf(
  { address, bundlePath }: Ground,
  account: string,
  simulated: SimulatorOptions,
  isSkipped = false,
): Promise<{ readonly world: World; readonly secrets: string }> {
  const secrets = await mkdtemp(join(tmpdir(), 'navarch-recording-'));
  await writeFile(join(secrets, BOOTSTRAP_SECRET_NAME), SECRETS.bootstrapSecret);
  const followTemporalsTime = <I, R>(input: I, next: (input: I) => Promise<R>): Promise<R> => {
    if (isSkipped) world.simulator.clock.advanceTo(activityInfo().currentAttemptScheduledTimestampMs);
    return next(input);
  };
  const world: World = await createWorld({
    seed: 1,
    ...simulated,
    apiKey: SECRETS.apiKey,
    navarchToken: SECRETS.navarchToken,
    temporalAddress: address,
    account,
    logger: createLogger({ level: 'fatal', format: 'json' }),
    environment: {
      LAMBDA_REQUEST_INTERVAL: '1ms',
      LAMBDA_LAUNCH_INTERVAL: '1ms',
      NAVARCH_AUTH_TOKEN: SECRETS.navarchToken,
      NAVARCH_HOST_KEY_SECRET: SECRETS.hostKeySecret,
      NAVARCH_BOOTSTRAP_SECRETS_DIR: secrets,
    },
    ...(isSkipped ? { looks: SKIPPED_LOOKS } : {}),
    workflowBundlePath: bundlePath,
    workerOptions: {
      // Time is not skipped while an activity runs, so one that was cancelled should hear of it soon.
      maxHeartbeatThrottleInterval: '100ms',
      interceptors: { activity: [() => ({ inbound: { execute: followTemporalsTime } })] },
    },
  });
  return { world, secrets };
}

function stageOf(client: Client, { simulator }: World, account: string, skip: Stage['skip']): Stage {
  const taskQueue = mainTaskQueue(account);
  let asked = 0;
  const start = (type: string, input?: unknown): Promise<WorkflowHandle> => {
    asked += 1;
    const args = input === undefined ? [] : [input];
    return client.workflow.start(type, { workflowId: `${type}/${account}/${asked}`, taskQueue, args });
  };
  return {
    start,
    ...{ client, simulator, account, taskQueue, skip },
    provision: (request) =>
      client.workflow.start<(request: unknown) => Promise<Node>>('provisionNode', {
        workflowId: provisionNodeId(request.name),
        taskQueue,
        args: [{ instanceType: 'gpu_1x_h100_sxm5', ...request }],
      }),
    ask: async (type, input) => {
      const started = await start(type, input);
      const result: unknown = await started.result().catch((error: unknown) => error);
      return { workflowId: started.workflowId, result };
    },
    until: async (workflowId, wished) => {
      const handle = client.workflow.getHandle(workflowId);
      while (!wished(await handle.query(progressQuery))) await new Promise((resolve) => setTimeout(resolve, 50));
    },
    untilSteps: async (workflowId, activity, count) => {
      const steps = async (): Promise<number> => {
        const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
        const scheduled = (events ?? []).filter(
          ({ activityTaskScheduledEventAttributes: step }) => step?.activityType?.name === activity,
        );
        return scheduled.length;
      };
      while ((await steps()) < count) await new Promise((resolve) => setTimeout(resolve, 200));
    },
    keeper: (name) => client.workflow.getHandle(keepNodeId(name)),
  };
}
