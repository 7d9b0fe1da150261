import { setFlagsFromString } from 'node:v8';
import { makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import type { WorkerConfig } from './config.ts';
import { createLogger, temporalLogger, type Logger, type LogOptions } from './observability/logger.ts';
import { HISTOGRAM_BUCKETS } from './observability/metrics.ts';

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
export function installRuntime(
  config: Pick<WorkerConfig, 'metricsAddress'> & Partial<Pick<WorkerConfig, 'account'>> & { readonly log: LogOptions },
  logger: Logger = createLogger(config.log),
): Logger {
  Runtime.install({
    logger: temporalLogger(logger),
    // Shutdown is ours: SIGTERM drains, and a second one does not wait.
    shutdownSignals: [],
    telemetryOptions: {
      logging: { filter: makeTelemetryFilterString({ core: 'WARN' }), forward: {} },
      ...(config.metricsAddress === undefined
        ? {}
        : {
            metrics: {
              // What one Prometheus gathers of several accounts stays apart by it.
              globalTags: { account: config.account ?? 'default' },
              prometheus: {
                bindAddress: config.metricsAddress,
                useSecondsForDurations: true,
                histogramBucketOverrides: HISTOGRAM_BUCKETS,
              },
            },
          }),
    },
  });
  return logger;
}
