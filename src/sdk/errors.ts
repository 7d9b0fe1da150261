import type { FieldProblem } from '../contract/parse.ts';
import type { FailureType } from '../domain/failures.ts';

/** How an error came about, for those that want more than its class. */
export interface ErrorOrigin {
  /** The workflow that failed, or that goes on without the caller. */
  readonly workflowId?: string | undefined;
  readonly cause?: unknown;
}

/** Base of what the SDK throws. Thrown as such when a workflow failed in a way that no type of the contract names. */
export class NodeProvisionerError extends Error {
  override readonly name: string = 'NodeProvisionerError';
  readonly workflowId: string | undefined;

  constructor(message: string, origin: ErrorOrigin = {}) {
    super(message, origin.cause === undefined ? {} : { cause: origin.cause });
    this.workflowId = origin.workflowId;
  }
}

export interface ProvisioningErrorOrigin extends ErrorOrigin {
  readonly details?: unknown;
}

/** A workflow of ours failed for a reason of the contract. What a failed provision had launched is ended, and that is proven. */
export class ProvisioningError extends NodeProvisionerError {
  override readonly name: string = 'ProvisioningError';
  readonly type: FailureType;
  /** What the failure says beyond its message; its shape goes with the type. Undefined: nothing. */
  readonly details: unknown;

  constructor(type: FailureType, message: string, origin: ProvisioningErrorOrigin = {}) {
    super(message, origin);
    this.type = type;
    this.details = origin.details;
  }
}

/** The request can never work as it is. Thrown before anything is sent where the request alone shows it. */
export class InvalidRequestError extends ProvisioningError {
  override readonly name = 'InvalidRequestError';
  /** Each field at fault; empty where only the message names them. */
  readonly fields: readonly FieldProblem[];

  constructor(message: string, origin: ProvisioningErrorOrigin & { readonly fields?: readonly FieldProblem[] } = {}) {
    super('invalid_request', message, origin);
    this.fields = origin.fields ?? [];
  }
}

/** No capacity within `capacity.waitUpTo`. Wait longer, or accept more types and regions. */
export class CapacityUnavailableError extends ProvisioningError {
  override readonly name = 'CapacityUnavailableError';

  constructor(message: string, origin: ProvisioningErrorOrigin = {}) {
    super('capacity_unavailable', message, origin);
  }
}

/** Another request holds the name. Choose another name, ask for the same, or end that node first. */
export class NameConflictError extends ProvisioningError {
  override readonly name = 'NameConflictError';
  /** Dotted paths in which the requests differ; empty where another machine, not another request, is in the way. */
  readonly fields: readonly string[];

  constructor(message: string, origin: ProvisioningErrorOrigin & { readonly fields?: readonly string[] } = {}) {
    super('name_conflict', message, origin);
    this.fields = origin.fields ?? [];
  }
}

/** Lambda or Navarch does not accept the worker's credentials. Nothing the caller can mend. */
export class UnauthorizedError extends ProvisioningError {
  override readonly name = 'UnauthorizedError';

  constructor(message: string, origin: ProvisioningErrorOrigin = {}) {
    super('unauthorized', message, origin);
  }
}

/** No node of that name is being provisioned or kept. To somebody who wants it gone, that is success. */
export class NodeNotFoundError extends ProvisioningError {
  override readonly name = 'NodeNotFoundError';

  constructor(message: string, origin: ProvisioningErrorOrigin = {}) {
    super('node_not_found', message, origin);
  }
}

/** Somebody cancelled the workflow. What a cancelled provision had launched is ended, and that is proven. */
export class ProvisionCancelledError extends NodeProvisionerError {
  override readonly name = 'ProvisionCancelledError';
}

/** The workflow was ended by force (terminated, or timed out), so its undo did not run: what it launched is left to the sweeper. */
export class WorkflowLostError extends NodeProvisionerError {
  override readonly name = 'WorkflowLostError';
}

/** Temporal does not answer, or does not accept us: address, namespace, credentials. Nothing is known of what was asked. */
export class TemporalUnreachableError extends NodeProvisionerError {
  override readonly name = 'TemporalUnreachableError';
}

/** Temporal answers, but no worker of ours does. With a workflow id: the wish is stored, and is carried out when a worker comes. */
export class NoWorkerError extends NodeProvisionerError {
  override readonly name = 'NoWorkerError';
  readonly taskQueue: string;

  constructor(taskQueue: string, origin: ErrorOrigin = {}) {
    const stored =
      origin.workflowId === undefined ? '' : `; ${origin.workflowId} is stored and goes on when a worker comes`;
    super(`no worker polls task queue ${taskQueue}: start one with \`navarch-provisioner worker\`${stored}`, origin);
    this.taskQueue = taskQueue;
  }
}
