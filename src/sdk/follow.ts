import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { NoWorkerError, TemporalUnreachableError } from './errors.ts';

/** How to follow progress. */
export interface ProgressOptions {
  /** Between two looks. Default 1 000; each look is one query, answered by the worker. */
  readonly everyMs?: number;
  /** Ends the iteration, not what is followed. */
  readonly signal?: AbortSignal;
  /** Told when a look got no answer (a worker restarts, Temporal cannot be reached). The iteration goes on. */
  readonly onUnanswered?: (error: NoWorkerError | TemporalUnreachableError) => void;
}

/**
 * What `look` shows, each time it is something new, until `ended` has settled; then once more. No answer is no end: what is followed
 * lives in Temporal, not in the worker that answers. Undefined: nothing to show now. Nothing is asked before the first `next()`.
 */
export async function* follow<T>(
  look: () => Promise<T | undefined>,
  untilEnded: () => Promise<unknown>,
  { everyMs = 1_000, signal, onUnanswered }: ProgressOptions = {},
): AsyncGenerator<T, void, undefined> {
  const stop = new AbortController();
  const end = (): void => stop.abort();
  const watched = { over: false };
  const over = (): void => {
    watched.over = true;
    end();
  };
  untilEnded().then(over, over);
  signal?.addEventListener('abort', end, { once: true });
  let shown: T | undefined;
  try {
    while (signal?.aborted !== true) {
      const last = watched.over;
      const seen = await look().catch((error: unknown) => {
        if (!(error instanceof NoWorkerError) && !(error instanceof TemporalUnreachableError)) throw error;
        onUnanswered?.(error);
        return undefined;
      });
      if (seen !== undefined && !isDeepStrictEqual(seen, shown)) yield (shown = seen);
      if (last) return;
      await sleep(everyMs, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  } finally {
    signal?.removeEventListener('abort', end);
  }
}
