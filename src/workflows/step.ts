import type { FailureType } from '../domain/failures.ts';
import { formatDuration } from '../domain/durations.ts';
import { failure, failureTypeOf, messageOf, ranOutOfTime } from './failures.ts';

/** A step that, when its time is up, fails as what it was for; with the last thing it met. */
export async function step<T>(
  type: FailureType,
  what: string,
  withinMs: number,
  run: (withinMs: number) => Promise<T>,
): Promise<T> {
  try {
    return await run(withinMs);
  } catch (error) {
    if (!ranOutOfTime(error)) throw error;
    const known = failureTypeOf(error);
    if (known !== undefined && known !== 'provider_unavailable') throw error;
    throw failure(type, `${what} within ${formatDuration(withinMs)}: ${messageOf(error)}`, { cause: error });
  }
}
