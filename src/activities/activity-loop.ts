import { activityInfo, cancellationSignal, heartbeat } from '@temporalio/activity';
import { setTimeout as delay } from 'node:timers/promises';

/** One look may take minutes (a slow sudo, a connection that hangs): Temporal hears from us all the while, at least so often. */
const HEARTBEAT_MS = 5_000;
/** And so many times within the heartbeat timeout: one that is lost, or late on a busy machine, is not yet a lost worker. */
const HEARTBEATS_PER_TIMEOUT = 6;

/** Node's timers take no more: one that is set longer ends at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** So much of an attempt's time is kept for saying why it ran out: a verdict of our own says more than Temporal's timeout. */
const TIME_TO_SAY_WHY_MS = 2_000;

/**
 * Looks again and again, heartbeating, until there is an answer. When the attempt's time is nearly over, `timeUp` is thrown instead: a look that
 * hangs then is cut off through its signal. Cancellation and worker shutdown end it between two looks, and within one through the signal.
 */
export async function lookUntil<T>(options: {
  /** Between two looks; a function is asked after each. */
  readonly everyMs: number | (() => number);
  /** Returns undefined for "not yet". */
  readonly look: (signal: AbortSignal) => Promise<T | undefined>;
  /** Shown as the heartbeat, and handed to the next attempt. */
  readonly details: () => unknown;
  readonly timeUp: () => Error;
}): Promise<T> {
  const startedAt = performance.now();
  const forMs = timeLeftMs();
  const until = startedAt + Math.max(forMs - TIME_TO_SAY_WHY_MS, forMs / 2);
  const cancelled = cancellationSignal();
  const timeIsUp = AbortSignal.timeout(Math.min(Math.ceil(until - startedAt), LONGEST_TIMER_MS));
  const signal = AbortSignal.any([cancelled, timeIsUp]);
  for (;;) {
    const answer = await beating(options.details, () => options.look(signal), startedAt).catch((error: unknown) => {
      if (timeIsUp.aborted && !cancelled.aborted && error === timeIsUp.reason) throw options.timeUp();
      throw error;
    });
    if (answer !== undefined) return answer;
    const everyMs = typeof options.everyMs === 'number' ? options.everyMs : options.everyMs();
    if (performance.now() + everyMs >= until) throw options.timeUp();
    cancelled.throwIfAborted();
    // The pause may be longer than Temporal waits for a heartbeat.
    await beating(options.details, () => delay(everyMs, undefined, { signal: cancelled }), startedAt);
  }
}

/** Of this attempt, when it begins: its own time, and not more than all attempts together have. All times are the server's. */
function timeLeftMs(): number {
  const { startToCloseTimeoutMs, scheduleToCloseTimeoutMs, scheduledTimestampMs, currentAttemptScheduledTimestampMs } =
    activityInfo();
  // Where there is no such limit, it is told as 0.
  if (!scheduleToCloseTimeoutMs) return startToCloseTimeoutMs;
  const spentMs = currentAttemptScheduledTimestampMs - scheduledTimestampMs;
  return Math.max(Math.min(startToCloseTimeoutMs, scheduleToCloseTimeoutMs - spentMs), 0);
}

/**
 * Runs it with a heartbeat before, and every few seconds while it lasts; but with none in the attempt's first seconds: each that reaches the
 * server is billed, and most steps are over by then.
 */
export async function beating<T>(
  details: () => unknown,
  run: () => Promise<T>,
  startedAt = performance.now(),
): Promise<T> {
  const { heartbeatTimeoutMs } = activityInfo();
  // An attempt without such a timeout is told one of 0.
  const everyMs = Math.min(HEARTBEAT_MS, (heartbeatTimeoutMs || Infinity) / HEARTBEATS_PER_TIMEOUT);
  if (performance.now() - startedAt >= everyMs) heartbeat(details());
  const timer = setInterval(() => heartbeat(details()), everyMs);
  try {
    return await run();
  } catch (error) {
    // What this attempt leaves to the next one.
    heartbeat(details());
    throw error;
  } finally {
    clearInterval(timer);
  }
}
