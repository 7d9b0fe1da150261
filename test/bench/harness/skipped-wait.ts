import { activityInfo } from '@temporalio/activity';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { SEARCH_ATTRIBUTE_TYPES } from '../../../src/contract/search-attributes.ts';
import { mainTaskQueue } from '../../../src/contract/task-queues.ts';
import { createWorld, type World } from '../../../src/demo/world.ts';
import { createLogger } from '../../../src/observability/logger.ts';
import type { SimulatorOptions } from '../../../src/simulator/index.ts';
import { registerSearchAttributes, resolveTestServer } from '../../../src/temporal-server/index.ts';
import { UNPACED } from './cloud.ts';
import type { BenchContext } from './figure.ts';

/** A cloud and a worker on a server that skips the time nobody works in: ten hours of waiting take a minute. */
export interface SkippedCloud {
  readonly temporal: TestWorkflowEnvironment;
  readonly world: World;
  readonly taskQueue: string;
}

const ACCOUNT = 'bench';

export async function openSkippedCloud(context: BenchContext, simulated: SimulatorOptions): Promise<SkippedCloud> {
  quietRuntime();
  const path = await resolveTestServer({ onProgress: context.tell });
  const temporal = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path } },
  });
  context.atEnd(() => temporal.teardown());
  await registerSearchAttributes(temporal.connection, 'default', SEARCH_ATTRIBUTE_TYPES);
  const followTemporalsTime = <I, R>(input: I, next: (input: I) => Promise<R>): Promise<R> => {
    world.simulator.clock.advanceTo(activityInfo().currentAttemptScheduledTimestampMs);
    return next(input);
  };
  const world: World = await createWorld({
    seed: 1,
    ...simulated,
    temporalAddress: temporal.address,
    account: ACCOUNT,
    logger: createLogger({ level: 'fatal', format: 'json' }),
    limits: 'off',
    startAt: await temporal.currentTimeMs(),
    environment: UNPACED,
    workflowBundlePath: context.bundles.product,
    workerOptions: { interceptors: { activity: [() => ({ inbound: { execute: followTemporalsTime } })] } },
  });
  context.atEnd(() => world.close());
  await world.startWorker();
  return { temporal, world, taskQueue: mainTaskQueue(ACCOUNT) };
}

let isQuiet = false;

/** Once a process. */
function quietRuntime(): void {
  if (isQuiet) return;
  isQuiet = true;
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter: 'OFF' } } });
}
