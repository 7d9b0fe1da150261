import { makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import type { WorkerConfig } from './config.ts';
import { createLogger, temporalLogger, type Logger } from './observability/logger.ts';

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
