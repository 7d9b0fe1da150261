import { Runtime } from '@temporalio/worker';
import type { LambdaClientOptions, LambdaExchange } from '../clients/lambda/index.ts';
import { METRICS, recorderOver, type Recorder, type STATUS_CLASSES } from '../domain/metrics.ts';

// Our metrics go through the meter of the SDK's runtime, so that they stand on the same /metrics as its own. Without an address for it the
// meter does nothing.

/** For the runtime's exporter. */
export const HISTOGRAM_BUCKETS: Record<string, number[]> = Object.fromEntries(
  Object.values(METRICS).flatMap((metric) => ('buckets' in metric ? [[metric.name, [...metric.buckets]]] : [])),
);

/** What this process records itself; what workflows know, they record (workflows/metrics.ts). After the runtime was installed. */
export function workerMetrics(): Recorder {
  return recorderOver(Runtime.instance().metricMeter);
}

type Hooks = Required<Pick<LambdaClientOptions, 'beforeRequest' | 'afterResponse'>>;

/** The hooks of a Lambda client, with every request measured. */
export function measuringLambda(hooks: { readonly [H in keyof Hooks]: NonNullable<Hooks[H]> }, record: Recorder) {
  return {
    beforeRequest: async (kind, signal) => {
      const begun = performance.now();
      await hooks.beforeRequest(kind, signal);
      record('lambdaPacing', (performance.now() - begun) / 1_000, { operation: kind });
    },
    afterResponse: (exchange) => {
      const { kind: operation, durationMs, errorType } = exchange;
      hooks.afterResponse(exchange);
      record('lambdaRequests', 1, { operation, status: statusClass(exchange) });
      record('lambdaDuration', durationMs / 1_000, { operation });
      if (errorType === 'rate_limited') record('lambdaRateLimited', 1, { operation });
    },
  } satisfies Hooks;
}

function statusClass({ status, errorType }: LambdaExchange): (typeof STATUS_CLASSES)[number] {
  if (status === undefined) return 'none';
  if (status === 429 || errorType === 'rate_limited') return '429';
  if (status < 300) return '2xx';
  if (status < 400) return '3xx';
  return status < 500 ? '4xx' : '5xx';
}
