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
 * The signal of `untilEnded` is aborted when nobody iterates any more.
 */
export async function* follow<T>(
  look: () => Promise<T | undefined>,
  untilEnded: (signal: AbortSignal) => Promise<unknown>,
  { everyMs = 1_000, signal, onUnanswered }: ProgressOptions = {},
): AsyncGenerator<T, void, undefined> {
  if (signal?.aborted === true) return;
  const left = new AbortController();
  const leave = (): void => left.abort();
  signal?.addEventListener('abort', leave, { once: true });
  const ended = new AbortController();
  const either = AbortSignal.any([left.signal, ended.signal]);
  const end = (): void => ended.abort();
  settled(untilEnded, everyMs, left.signal).then(end, end);
  let shown: T | undefined;
  try {
    while (!left.signal.aborted) {
      const last = ended.signal.aborted;
      const seen = await look().catch((error: unknown) => {
        if (!isNoAnswer(error)) throw error;
        onUnanswered?.(error);
        return undefined;
      });
      if (seen !== undefined && !isDeepStrictEqual(seen, shown)) yield (shown = seen);
      if (last) return;
      await pause(everyMs, either);
    }
  } finally {
    leave();
    signal?.removeEventListener('abort', leave);
  }
}

/** Resolves at the end, however it is, or when that is of no interest any more. No answer is asked for again. */
async function settled(
  untilEnded: (signal: AbortSignal) => Promise<unknown>,
  everyMs: number,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await untilEnded(signal);
      return;
    } catch (error) {
      if (!isNoAnswer(error)) return;
      await pause(everyMs, signal);
    }
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}

function isNoAnswer(error: unknown): error is NoWorkerError | TemporalUnreachableError {
  return error instanceof NoWorkerError || error instanceof TemporalUnreachableError;
}
