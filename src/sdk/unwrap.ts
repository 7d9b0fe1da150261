import { isGrpcServiceError, ServiceError, WorkflowFailedError, WorkflowUpdateFailedError } from '@temporalio/client';
import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  ChildWorkflowFailure,
  NamespaceNotFoundError,
  rootCause,
  TerminatedFailure,
  TimeoutFailure,
  WorkflowNotFoundError,
} from '@temporalio/common';
import type { z } from 'zod';
import { parseRequest } from '../contract/parse.ts';
import { isFailureType } from '../domain/failures.ts';
import { errorOfType } from './error-of-type.ts';
import {
  ConfigurationError,
  NodeProvisionerError,
  NoWorkerError,
  ProvisionCancelledError,
  TemporalUnreachableError,
  WorkflowLostError,
  type ErrorOrigin,
} from './errors.ts';
import { unreadableAnswer } from './payload-keys.ts';
import type { Place } from './temporal-ui.ts';

/** The reason of an error where nobody waited for the answer any more. */
export const GIVEN_UP = 'closed before Temporal answered';

/** What was asked of whom when the error came. */
export interface Asked extends Partial<Place> {
  readonly taskQueue?: string;
  /** The asker gave the question up. */
  readonly givenUp?: boolean;
}

/** A request parsed by the contract's own schema. @throws InvalidRequestError naming each field at fault */
export function parsed<T extends z.ZodType>(schema: T, input: unknown): z.output<T> {
  try {
    return parseRequest(schema, input);
  } catch (error) {
    throw unwrap(error, {});
  }
}

/** Our error for what Temporal threw: the failure at the end of its chain, or why there is no answer. Anything else is returned as it is. */
export function unwrap(error: unknown, asked: Asked): unknown {
  const { workflowId, runId, url } = asked;
  const place = { workflowId, runId, url };
  if (error instanceof NodeProvisionerError) return error;
  const unreadable = unreadableAnswer(error);
  if (unreadable !== undefined) return new ConfigurationError(unreadable, { ...place, cause: error });
  if (error instanceof ApplicationFailure) return fromFailure(error, place);
  if (error instanceof WorkflowFailedError || error instanceof WorkflowUpdateFailedError) {
    return fromFailure(error.cause ?? error, place);
  }
  if (error instanceof NamespaceNotFoundError) {
    return new TemporalUnreachableError(`Temporal has no namespace ${error.namespace}`, { ...place, cause: error });
  }
  if (error instanceof WorkflowNotFoundError) {
    const subject = workflowId ?? error.workflowId;
    const reason = `Temporal does not know ${subject}: it never ran, or ended so long ago that it was forgotten`;
    return new NodeProvisionerError(reason, { ...place, cause: error });
  }
  return fromService(error, asked);
}

/** A failed workflow, activity or update. The outermost failure of the contract is the reason; what lies below is how it came to it. */
function fromFailure(failure: Error, place: ErrorOrigin): NodeProvisionerError {
  const subject = place.workflowId ?? 'the workflow';
  const origin = { ...place, cause: failure };
  if (isCancellation(failure)) return new ProvisionCancelledError(`${subject} was cancelled`, origin);
  if (failure instanceof TerminatedFailure || failure instanceof TimeoutFailure) {
    const how = failure instanceof TerminatedFailure ? 'was terminated' : 'timed out';
    return new WorkflowLostError(`${subject} ${how}: ${failure.message}`, origin);
  }
  for (let link: unknown = failure; link instanceof Error; link = link.cause) {
    if (link instanceof ApplicationFailure && isFailureType(link.type)) {
      return errorOfType(link.type, link.message, { ...origin, details: link.details?.[0] });
    }
  }
  return new NodeProvisionerError(`${subject} failed: ${rootCause(failure) ?? failure.message}`, origin);
}

// gRPC's own status codes (https://grpc.io/docs/guides/status-codes).
const GRPC = {
  CANCELLED: 1,
  DEADLINE_EXCEEDED: 4,
  PERMISSION_DENIED: 7,
  FAILED_PRECONDITION: 9,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
};

/** Temporal itself, not a workflow, gave the answer, or none. */
function fromService(error: unknown, { workflowId, runId, url, taskQueue, givenUp = true }: Asked): unknown {
  if (!(error instanceof Error)) return error;
  const origin = { workflowId, runId, url, cause: error };
  const service = isGrpcServiceError(error) ? error : isGrpcServiceError(error.cause) ? error.cause : undefined;
  if (service === undefined) {
    return error instanceof ServiceError ? new TemporalUnreachableError(error.message, origin) : error;
  }
  const said = service.details === '' ? service.message : service.details;
  switch (service.code as number) {
    case GRPC.FAILED_PRECONDITION:
      // A query needs a worker: the server says so when it knows of none.
      return new NoWorkerError(taskQueue ?? '', { cause: error });
    case GRPC.CANCELLED:
      // The server says this, too, of a query whose worker died while it answered.
      if (!givenUp) return new NoWorkerError(taskQueue ?? '', { cause: error });
      return new NodeProvisionerError(GIVEN_UP, origin);
    case GRPC.UNAVAILABLE:
    case GRPC.DEADLINE_EXCEEDED:
      return new TemporalUnreachableError(`Temporal does not answer: ${said}`, origin);
    case GRPC.PERMISSION_DENIED:
    case GRPC.UNAUTHENTICATED:
      return new TemporalUnreachableError(`Temporal refuses the credentials: ${said}`, origin);
    default:
      return new NodeProvisionerError(`Temporal answers: ${said}`, origin);
  }
}

/** A cancellation, or a step that ended by one. */
function isCancellation(failure: Error): boolean {
  const step = failure instanceof ActivityFailure || failure instanceof ChildWorkflowFailure;
  return failure instanceof CancelledFailure || (step && failure.cause instanceof CancelledFailure);
}
