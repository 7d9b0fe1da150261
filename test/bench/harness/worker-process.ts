import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { DEFAULT_LOOKS, type LookIntervals } from '../../../src/activities/dependencies.ts';
import { readConfig } from '../../../src/config.ts';
import { createLogger } from '../../../src/observability/logger.ts';
import { startWorker } from '../../../src/worker.ts';
import { keepMemorySmall } from '../../../src/worker-runtime.ts';
import type { BareActivities } from '../bare/workflow.ts';
import type { FromWorker, ToWorker, Usage, WorkerOrder } from './worker-messages.ts';

// A worker as a process of its own, as in production. Its parent gives the order over IPC; without the parent it ends.

interface Stoppable {
  stop(): Promise<void>;
}

let worker: Stoppable | undefined;

function tell(message: FromWorker): void {
  process.send?.(message);
}

async function start(order: WorkerOrder): Promise<void> {
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: {
      logging: { filter: 'OFF' },
      ...(order.kind === 'product' && order.metricsAddress !== undefined
        ? { metrics: { prometheus: { bindAddress: order.metricsAddress } } }
        : {}),
    },
    shutdownSignals: [],
  });
  worker = await (order.kind === 'product' ? startProduct(order) : startBare(order));
  tell({ kind: 'ready' });
}

function startProduct(order: Extract<WorkerOrder, { kind: 'product' }>): Promise<Stoppable> {
  keepMemorySmall();
  return startWorker({
    config: readConfig(order.environment),
    temporal: { connection: { address: order.temporalAddress }, namespace: 'default' },
    logger: createLogger({ level: 'fatal', format: 'json' }),
    looks: quickened(DEFAULT_LOOKS, order.speed),
    workflowBundlePath: order.bundlePath,
  });
}

async function startBare(order: Extract<WorkerOrder, { kind: 'bare' }>): Promise<Stoppable> {
  const activities: BareActivities = { nothing: () => Promise.resolve() };
  const connection = await NativeConnection.connect({ address: order.temporalAddress });
  const bare = await Worker.create({
    connection,
    taskQueue: order.taskQueue,
    workflowBundle: { codePath: order.bundlePath },
    activities: { ...activities },
  });
  const ended = bare.run().finally(() => connection.close());
  return {
    stop: () => {
      bare.shutdown();
      return ended;
    },
  };
}

/** Below this a look would be a busy loop; and machines register in real time, whatever the clock. */
const LEAST_LOOK_MS = 50;
const LEAST_PATIENCE_MS = 2_000;

/** Whatever looks there are: the bench does not know what each is for. */
function quickened(looks: LookIntervals, speed: number): LookIntervals {
  if (speed === 1) return looks;
  const entries = Object.entries(looks).map(([name, ms]: [string, number]) => {
    const least = name === 'forgottenMs' ? LEAST_PATIENCE_MS : LEAST_LOOK_MS;
    return [name, Math.max(Math.round(ms / speed), least)] as const;
  });
  return Object.fromEntries(entries) as unknown as LookIntervals;
}

const BYTES_PER_KIB = 1024;
const MICROSECONDS_PER_MS = 1_000;

function usage(): Usage {
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  return {
    rssBytes: process.memoryUsage.rss(),
    mostRssBytes: maxRSS * BYTES_PER_KIB,
    cpuMs: (userCPUTime + systemCPUTime) / MICROSECONDS_PER_MS,
  };
}

async function stop(): Promise<void> {
  await worker?.stop();
  process.exit(0);
}

process.on('message', (message: ToWorker) => {
  switch (message.kind) {
    case 'start':
      start(message.order).catch((error: unknown) => {
        tell({ kind: 'failed', message: String(error) });
        process.exitCode = 1;
        process.disconnect();
      });
      return;
    case 'usage':
      tell({ kind: 'usage', usage: usage() });
      return;
    case 'stop':
      stop().catch(() => process.exit(1));
      return;
  }
});
process.on('disconnect', () => process.exit(1));
// Ctrl-C in a terminal reaches us too; it is for our parent to say what comes of it.
process.on('SIGINT', () => undefined);
