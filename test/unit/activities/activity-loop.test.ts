import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, test } from 'vitest';
import { lookUntil } from '../../../src/activities/activity-loop.ts';

const HOUR_MS = 3_600_000;
const FIRST = 1_790_000_000_000;

/** A step that never comes to an end, and how it ended. */
async function endOf(
  info: ConstructorParameters<typeof MockActivityEnvironment>[0],
  look: (signal: AbortSignal) => Promise<undefined> = () => Promise.resolve(undefined),
): Promise<string> {
  const environment = new MockActivityEnvironment(info);
  const waiting = environment.run(() =>
    lookUntil({
      everyMs: 5,
      look,
      details: () => undefined,
      timeUp: () => ApplicationFailure.create({ message: 'why it was not done', nonRetryable: true }),
    }),
  );
  const cancelled = setTimeout(() => environment.cancel('CANCELLED'), 20_000);
  const end = await waiting.catch((error: unknown) => (error as Error).message);
  clearTimeout(cancelled);
  return String(end);
}

test('the last attempt says itself why its time ran out', async () => {
  expect(await endOf({ startToCloseTimeoutMs: 200 })).toBe('why it was not done');
});

test('an attempt that follows a lost worker has what that one left of the time of all, and says why it ran out', async () => {
  const left = await endOf({
    startToCloseTimeoutMs: HOUR_MS,
    scheduleToCloseTimeoutMs: HOUR_MS,
    scheduledTimestampMs: FIRST,
    currentAttemptScheduledTimestampMs: FIRST + HOUR_MS - 200,
  });
  expect(left).toBe('why it was not done');
});

test('where there is no limit for all attempts, its own counts', async () => {
  const info = { startToCloseTimeoutMs: 200, scheduleToCloseTimeoutMs: 0, scheduledTimestampMs: FIRST };
  expect(await endOf({ ...info, currentAttemptScheduledTimestampMs: FIRST + HOUR_MS })).toBe('why it was not done');
});

test('a look that hangs when the time is up is cut off, so that there is time to say why', async () => {
  const environment = new MockActivityEnvironment({ startToCloseTimeoutMs: 200, scheduleToCloseTimeoutMs: 200 });
  const hangs = (signal: AbortSignal): Promise<undefined> =>
    new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error));
    });
  const waiting = environment.run(() =>
    lookUntil({
      everyMs: 5,
      look: hangs,
      details: () => undefined,
      timeUp: () => ApplicationFailure.create({ message: 'why it was not done', nonRetryable: true }),
    }),
  );
  await expect(waiting).rejects.toThrow('why it was not done');
});

test('a time that is longer than a timer takes is as good as none', async () => {
  const YEARS_MS = 10 * 365 * 24 * HOUR_MS;
  let looks = 0;
  const later = (): Promise<undefined> => {
    looks += 1;
    return looks < 5 ? Promise.resolve(undefined) : Promise.reject(new Error('looked often'));
  };
  expect(await endOf({ startToCloseTimeoutMs: YEARS_MS }, later)).toBe('looked often');
});
