import { setFlagsFromString } from 'node:v8';
import { makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import type { WorkerConfig } from './config.ts';
import { createLogger, temporalLogger, type Logger } from './observability/logger.ts';

/**
 * For a process that is a worker and nothing else, before its first workflow: engines that are begun from here on keep their heaps small. A
 * worker mostly waits, and Lambda's limits slow it down far more than this: a thousand waiting nodes took 553 MiB without it, and 323 with it (`npm run bench -- --only
 * memory`).
 */
export function keepMemorySmall(): void {
  setFlagsFromString('--max-semi-space-size=4');
  setFlagsFromString('--optimize-for-size');
}

/** Logs and metrics of Temporal's native side. Once per process, before the first connection. */
export function installRuntime(config: Pick<WorkerConfig, 'log' | 'metricsAddress'>): Logger {
  const logger = createLogger(config.log);
  Runtime.install({
    logger: temporalLogger(logger),
    // Shutdown is ours: SIGTERM drains, and a second one does not wait.
    shutdownSignals: [],
    telemetryOptions: {
      logging: { filter: makeTelemetryFilterString({ core: 'WARN' }), forward: {} },
      ...(config.metricsAddress === undefined
        ? {}
        : { metrics: { prometheus: { bindAddress: config.metricsAddress, useSecondsForDurations: true } } }),
    },
  });
  return logger;
}
