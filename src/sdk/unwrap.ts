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
} from '@temporalio/common';
import type { z } from 'zod';
import { parseRequest, type FieldProblem } from '../contract/parse.ts';
import { isFailureType, type FailureType } from '../domain/failures.ts';
import {
  CapacityUnavailableError,
  InvalidRequestError,
  NameConflictError,
  NodeNotFoundError,
  NodeProvisionerError,
  NoWorkerError,
  ProvisionCancelledError,
  ProvisioningError,
  TemporalUnreachableError,
  UnauthorizedError,
  WorkflowLostError,
  type ProvisioningErrorOrigin,
} from './errors.ts';

/** What was asked of whom when the error came. */
export interface Asked {
  readonly workflowId?: string | undefined;
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
  const { workflowId } = asked;
  if (error instanceof NodeProvisionerError) return error;
  if (error instanceof ApplicationFailure) return fromFailure(error, workflowId);
  if (error instanceof WorkflowFailedError || error instanceof WorkflowUpdateFailedError) {
    return fromFailure(error.cause ?? error, workflowId);
  }
  if (error instanceof NamespaceNotFoundError) {
    return new TemporalUnreachableError(`Temporal has no namespace ${error.namespace}`, { workflowId, cause: error });
  }
  return fromService(error, asked);
}

/** A failed workflow, activity or update. The outermost failure of the contract is the reason; what lies below is how it came to it. */
function fromFailure(failure: Error, workflowId: string | undefined): NodeProvisionerError {
  const subject = workflowId ?? 'the workflow';
  if (isCancellation(failure)) {
    return new ProvisionCancelledError(`${subject} was cancelled`, { workflowId, cause: failure });
  }
  if (failure instanceof TerminatedFailure || failure instanceof TimeoutFailure) {
    const how = failure instanceof TerminatedFailure ? 'was terminated' : 'timed out';
    return new WorkflowLostError(`${subject} ${how}: ${failure.message}`, { workflowId, cause: failure });
  }
  for (let link: unknown = failure; link instanceof Error; link = link.cause) {
    if (link instanceof ApplicationFailure && isFailureType(link.type)) {
      return provisioningError(link.type, link.message, { workflowId, cause: failure, details: link.details?.[0] });
    }
  }
  return new NodeProvisionerError(`${subject} failed: ${rootCause(failure) ?? failure.message}`, {
    workflowId,
    cause: failure,
  });
}

function provisioningError(type: FailureType, message: string, origin: ProvisioningErrorOrigin): ProvisioningError {
  switch (type) {
    case 'invalid_request':
      return new InvalidRequestError(message, { ...origin, fields: listOf(origin.details, isFieldProblem) });
    case 'capacity_unavailable':
      return new CapacityUnavailableError(message, origin);
    case 'name_conflict':
      return new NameConflictError(message, { ...origin, fields: listOf(origin.details, isText) });
    case 'unauthorized':
      return new UnauthorizedError(message, origin);
    case 'node_not_found':
      return new NodeNotFoundError(message, origin);
    default:
      return new ProvisioningError(type, message, origin);
  }
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
function fromService(error: unknown, { workflowId, taskQueue, givenUp = true }: Asked): unknown {
  if (!(error instanceof Error)) return error;
  const service = isGrpcServiceError(error) ? error : isGrpcServiceError(error.cause) ? error.cause : undefined;
  if (service === undefined) {
    return error instanceof ServiceError
      ? new TemporalUnreachableError(error.message, { workflowId, cause: error })
      : error;
  }
  const said = service.details === '' ? service.message : service.details;
  switch (service.code as number) {
    case GRPC.FAILED_PRECONDITION:
      // A query needs a worker: the server says so when it knows of none.
      return new NoWorkerError(taskQueue ?? '', { cause: error });
    case GRPC.CANCELLED:
      // The server says this, too, of a query whose worker died while it answered.
      if (!givenUp) return new NoWorkerError(taskQueue ?? '', { cause: error });
      return new NodeProvisionerError('closed before Temporal answered', { workflowId, cause: error });
    case GRPC.UNAVAILABLE:
    case GRPC.DEADLINE_EXCEEDED:
      return new TemporalUnreachableError(`Temporal does not answer: ${said}`, { workflowId, cause: error });
    case GRPC.PERMISSION_DENIED:
    case GRPC.UNAUTHENTICATED:
      return new TemporalUnreachableError(`Temporal refuses the credentials: ${said}`, { workflowId, cause: error });
    default:
      return new NodeProvisionerError(`Temporal answers: ${said}`, { workflowId, cause: error });
  }
}

/** A cancellation, or a step that ended by one. */
function isCancellation(failure: Error): boolean {
  const step = failure instanceof ActivityFailure || failure instanceof ChildWorkflowFailure;
  return failure instanceof CancelledFailure || (step && failure.cause instanceof CancelledFailure);
}

/** `details.fields` as far as it has the shape it should have: the worker may be of another version. */
function listOf<T>(details: unknown, is: (item: unknown) => item is T): readonly T[] {
  const fields: unknown = typeof details === 'object' && details !== null && 'fields' in details ? details.fields : [];
  return Array.isArray(fields) ? fields.filter(is) : [];
}

function isText(item: unknown): item is string {
  return typeof item === 'string';
}

function isFieldProblem(item: unknown): item is FieldProblem {
  return (
    typeof item === 'object' &&
    item !== null &&
    'field' in item &&
    typeof item.field === 'string' &&
    'problem' in item &&
    typeof item.problem === 'string'
  );
}
