import type { InjectedSinks } from '@temporalio/worker';
import type { SpanSinks } from '../workflows/metrics.ts';

/** For a worker that does not trace: what workflows tell all the same. Without a sink the SDK would log an error for each. */
export const NO_SPANS: InjectedSinks<SpanSinks> = {
  spans: { phase: { fn: () => undefined }, run: { fn: () => undefined } },
};
