import { ApplicationFailure } from '@temporalio/common';
import { LambdaError, type LambdaErrorType } from '../clients/lambda/index.ts';
import { NavarchError } from '../clients/navarch/index.ts';
import type { FailureType } from '../domain/failures.ts';
import type { LaunchFailureDetails } from './types.ts';

// What a client's error means to workflows, said once. Whether a step is tried again is the workflow's to say, by type: the same
// `unauthorized` ends a request and does not end an unwind.

const FROM_LAMBDA: Readonly<Record<LambdaErrorType, FailureType>> = {
  capacity_unavailable: 'capacity_unavailable',
  invalid_request: 'invalid_request',
  instance_not_found: 'instance_not_found',
  unauthorized: 'unauthorized',
  quota_exceeded: 'quota_exceeded',
  rate_limited: 'rate_limited',
  provider_unavailable: 'provider_unavailable',
  conflict: 'provider_unavailable',
  unreadable_response: 'provider_unavailable',
  terminate_not_echoed: 'provider_unavailable',
};

/** 429 without Retry-After: others who met it begin at ten seconds. */
const RATE_LIMITED_WAIT_MS = 10_000;

/** Details a caller in any language finds in a failure that comes from Lambda. */
interface ProviderDetails {
  readonly code?: string;
  readonly status?: number;
  readonly requestId?: string;
}

/** An error of a read or a terminate. What is not a client's error passes as it is. */
export function fromLambda(error: unknown): unknown {
  if (!(error instanceof LambdaError)) return error;
  const type = isUnlisted(error) ? 'provider_unavailable' : FROM_LAMBDA[error.type];
  const wait = error.retryAfterMs ?? (type === 'rate_limited' ? RATE_LIMITED_WAIT_MS : undefined);
  return ApplicationFailure.create({
    type,
    message: error.message,
    details: [providerDetails(error)],
    ...(wait === undefined ? {} : { nextRetryDelay: wait }),
    cause: error,
  });
}

/** An activity whose client errors come out as failures that workflows know. */
export function translated<Args extends unknown[], R>(
  run: (...args: Args) => Promise<R>,
): (...args: Args) => Promise<R> {
  return async (...args) => {
    try {
      return await run(...args);
    } catch (error) {
      throw fromLambda(error);
    }
  };
}

/** Codes that say of a read or terminate that it can never work. */
const HOPELESS_CODES = ['global/invalid-parameters', 'global/object-does-not-exist'];

/** A refusal nobody has documented is no verdict: a gateway's hiccup must not end a wait of weeks. */
function isUnlisted({ type, code }: LambdaError): boolean {
  return type === 'invalid_request' && code !== undefined && !HOPELESS_CODES.includes(code);
}

/** An error of a launch: refused, or of unknown outcome (P2). */
export function fromLaunch(error: unknown): unknown {
  if (!(error instanceof LambdaError)) return error;
  const refused = error.outcome === 'refused';
  const { retryAfterMs } = error;
  const details: LaunchFailureDetails = {
    refused,
    ...providerDetails(error),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
  return ApplicationFailure.create({
    type: refused ? FROM_LAMBDA[error.type] : ('launch_outcome_unknown' satisfies FailureType),
    message: error.message,
    nonRetryable: true,
    details: [details],
    cause: error,
    // A full region is daily life, not an error of the worker.
    ...(error.type === 'capacity_unavailable' ? { category: 'BENIGN' } : {}),
  });
}

/** Nobody can say whether the launch happened: it is looked up by its token. */
export function outcomeUnknown(message: string): ApplicationFailure {
  return ApplicationFailure.create({
    type: 'launch_outcome_unknown' satisfies FailureType,
    message,
    nonRetryable: true,
    details: [{ refused: false } satisfies LaunchFailureDetails],
  });
}

/** The launch was not sent: by our own decision, before anything left this process. */
export function notSent(message: string): ApplicationFailure {
  return ApplicationFailure.create({
    type: 'provider_unavailable' satisfies FailureType,
    message,
    nonRetryable: true,
    details: [{ refused: true } satisfies LaunchFailureDetails],
  });
}

export function fromNavarch(error: unknown): unknown {
  if (!(error instanceof NavarchError)) return error;
  const type: FailureType =
    error.kind === 'unauthorized'
      ? 'unauthorized'
      : error.kind === 'unavailable'
        ? 'provider_unavailable'
        : 'registration_failed';
  return ApplicationFailure.create({ type, message: error.message, cause: error });
}

/**
 * The normal "not yet": retried after so long (or by the step's policy), quiet in logs and metrics. The message is what the UI shows as the
 * reason for the wait.
 */
export function notYet(type: FailureType, message: string, retryAfterMs?: number): ApplicationFailure {
  return ApplicationFailure.create({
    type,
    message,
    category: 'BENIGN',
    ...(retryAfterMs === undefined ? {} : { nextRetryDelay: retryAfterMs }),
  });
}

/** A verdict: trying the step again will not change it. */
export function final(type: FailureType, message: string, details?: unknown): ApplicationFailure {
  return ApplicationFailure.create({
    type,
    message,
    nonRetryable: true,
    ...(details === undefined ? {} : { details: [details] }),
  });
}

function providerDetails(error: LambdaError): ProviderDetails {
  const { code, status, requestId } = error;
  return {
    ...(code === undefined ? {} : { code }),
    ...(status === undefined ? {} : { status }),
    ...(requestId === undefined ? {} : { requestId }),
  };
}
