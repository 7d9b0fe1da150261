import { TemporalFailure } from '@temporalio/common';
import { CancellationScope, isCancellation, sleep } from '@temporalio/workflow';
import { failure } from './failures.ts';

/** Runs both at once. When one fails the other is cancelled and waited for, so that nothing of it goes on unseen. */
export async function together<A, B>(first: () => Promise<A>, second: () => Promise<B>): Promise<[A, B]> {
  return CancellationScope.cancellable(async () => {
    const scope = CancellationScope.current();
    const running = [first(), second()] as const;
    try {
      return await Promise.all(running);
    } catch (error) {
      // A defect of ours fails the workflow task; nothing may be recorded that a mended worker would not repeat.
      if (!(error instanceof TemporalFailure)) throw error;
      scope.cancel();
      await Promise.allSettled(running);
      throw error;
    }
  });
}

/** Cancels the story at `until` (milliseconds since the epoch), which then fails with `deadline_exceeded` once it has unwound. */
export async function withDeadline<T>(until: number | undefined, what: string, run: () => Promise<T>): Promise<T> {
  if (until === undefined) return run();
  const work = new CancellationScope();
  const clock = new CancellationScope();
  const clockState = { expired: false };
  const alarm = clock
    .run(async () => {
      await sleep(Math.max(until - Date.now(), 1), { summary: `deadline of ${what}` });
      clockState.expired = true;
      work.cancel();
    })
    .catch((error: unknown) => {
      if (!isCancellation(error)) throw error;
    });
  try {
    return await work.run(run);
  } catch (error) {
    if (clockState.expired && isCancellation(error)) {
      throw failure('deadline_exceeded', `${what} was not done by ${new Date(until).toISOString()}`);
    }
    throw error;
  } finally {
    clock.cancel();
    await alarm;
  }
}
