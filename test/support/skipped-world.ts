import { activityInfo } from '@temporalio/activity';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { inject } from 'vitest';
import { SEARCH_ATTRIBUTE_TYPES } from '../../src/contract/search-attributes.ts';
import { mainTaskQueue } from '../../src/contract/task-queues.ts';
import { createWorld, type World, type WorldOptions } from '../../src/demo/world.ts';
import { createLogger } from '../../src/observability/logger.ts';
import { registerSearchAttributes } from '../../src/temporal-server/search-attributes.ts';

// The whole product in one process with time skipping: real workflows, real activities, and a simulated cloud whose clock follows Temporal's.
// When the server skips ten hours of a wait, the cloud's machines have booted and its capacity has come and gone.

let installed = false;

function quietRuntime(): void {
  if (installed) return;
  installed = true;
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter: 'ERROR' } } });
}

async function skippingEnvironment(): Promise<TestWorkflowEnvironment> {
  quietRuntime();
  const path = inject('timeSkippingServerPath');
  const environment = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path } },
  });
  await registerSearchAttributes(environment.connection, 'default', SEARCH_ATTRIBUTE_TYPES);
  return environment;
}

export interface SkippedWorld extends World {
  /** The time-skipping server. */
  readonly temporal: TestWorkflowEnvironment;
  readonly client: TestWorkflowEnvironment['client'];
  readonly taskQueue: string;
}

let worlds = 0;

/**
 * A cloud, a worker and a time-skipping server of its own: a keeper that outlives its provision stops the skipping for every later test on
 * the same server (sdk-typescript#1101). Simulated time runs fast, and jumps along when Temporal's does.
 */
export async function skippedWorld(options: Partial<WorldOptions> = {}): Promise<SkippedWorld> {
  const environment = await skippingEnvironment();
  worlds += 1;
  const account = `test-${process.pid}-${worlds}`;
  const followTemporalsTime = <I, R>(input: I, next: (input: I) => Promise<R>): Promise<R> => {
    world.simulator.clock.advanceTo(activityInfo().currentAttemptScheduledTimestampMs);
    return next(input);
  };
  const world: World = await createWorld({
    temporalAddress: environment.address,
    logger: createLogger({ level: 'error', format: 'json' }),
    account,
    seed: 1,
    clockFactor: 100,
    limits: 'off',
    startAt: await environment.currentTimeMs(),
    heartbeatIntervalSeconds: 30,
    environment: { LAMBDA_REQUEST_INTERVAL: '1ms', LAMBDA_LAUNCH_INTERVAL: '1ms' },
    // Looks as often as in life: the waits between them are skipped.
    looks: { capacityMs: 15_000, nearMs: 5_000, bootMs: 10_000, endMs: 15_000, keptMs: 240_000 },
    workflowBundlePath: inject('workflowBundlePath'),
    workerOptions: {
      // Time is not skipped while an activity runs, so one that was cancelled should hear of it soon.
      maxHeartbeatThrottleInterval: '100ms',
      interceptors: { activity: [() => ({ inbound: { execute: followTemporalsTime } })] },
    },
    ...options,
  });
  await world.startWorker();
  const close = async (): Promise<void> => {
    await world.close();
    await environment.teardown();
  };
  return { ...world, close, temporal: environment, client: environment.client, taskQueue: mainTaskQueue(account) };
}
