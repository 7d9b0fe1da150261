import { ActivityFailure, ApplicationFailure, rootCause, TimeoutFailure } from '@temporalio/common';
import type { FailureType } from '../domain/failures.ts';
import { isFailureType } from '../domain/failures.ts';

/** The failure a workflow ends with, or passes from one step to the next. */
export function failure(
  type: FailureType,
  message: string,
  options: { cause?: unknown; details?: unknown } = {},
): ApplicationFailure {
  return ApplicationFailure.create({
    type,
    message,
    nonRetryable: true,
    ...(options.details === undefined ? {} : { details: [options.details] }),
    ...(options.cause instanceof Error ? { cause: options.cause } : {}),
  });
}

/** Why a step failed, as far as it says. */
export function failureTypeOf(error: unknown): FailureType | undefined {
  const said = applicationFailureOf(error)?.type;
  return isFailureType(said) ? said : undefined;
}

/** One sentence for people. */
export function messageOf(error: unknown): string {
  return applicationFailureOf(error)?.message ?? rootCause(error) ?? String(error);
}

export function detailsOf<T>(error: unknown): Partial<T> {
  const [details] = applicationFailureOf(error)?.details ?? [];
  return typeof details === 'object' && details !== null ? details : {};
}

/** A step that used up the time for all its attempts, with or without a last failure that says what it was waiting for. */
export function ranOutOfTime(error: unknown): boolean {
  if (!(error instanceof ActivityFailure)) return false;
  return error.cause instanceof TimeoutFailure || error.retryState === 'TIMEOUT';
}

/** The launch was never handed to a worker, so it was not sent. */
export function neverStarted(error: unknown): boolean {
  return (
    error instanceof ActivityFailure &&
    error.cause instanceof TimeoutFailure &&
    error.cause.timeoutType === 'SCHEDULE_TO_START'
  );
}

/**
 * Runs a workflow's story so that what it fails with says why at the top: callers in any language match on the `type` of that failure, and
 * need not search what an activity wrapped it in.
 */
export async function failingPlainly<T>(story: () => Promise<T>): Promise<T> {
  try {
    return await story();
  } catch (error) {
    // A step whose time ran out without any answer has no word of its own.
    if (error instanceof ActivityFailure && error.cause instanceof TimeoutFailure) {
      throw failure('provider_unavailable', `the step ${error.activityType} got no answer in its time`, {
        cause: error,
      });
    }
    const said = error instanceof ActivityFailure ? applicationFailureOf(error) : undefined;
    const type = failureTypeOf(said);
    if (said === undefined || type === undefined) throw error;
    throw failure(type, said.message, { cause: error, details: said.details?.[0] });
  }
}

function applicationFailureOf(error: unknown): ApplicationFailure | undefined {
  if (error instanceof ApplicationFailure) return error;
  if (error instanceof ActivityFailure && error.cause instanceof ApplicationFailure) return error.cause;
  return undefined;
}
