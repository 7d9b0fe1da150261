import type { LaunchRecord } from '../contract/messages.ts';
import type { FieldProblem } from '../contract/parse.ts';
import type { FailureType } from '../domain/failures.ts';
import { NodeProvisionerError, type ErrorOrigin } from './errors.ts';

// One class per thing that a caller does about it; each says which failure types of the contract it stands for.

export interface ProvisioningErrorOrigin extends ErrorOrigin {
  readonly details?: unknown;
}

/** A workflow of ours failed for a reason of the contract, its `type`. What a failed provision had launched is ended, and that is proven. */
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
  declare readonly type: 'invalid_request';
  /** Each field at fault; empty where only the message names them. */
  readonly fields: readonly FieldProblem[];

  constructor(message: string, origin: ProvisioningErrorOrigin & { readonly fields?: readonly FieldProblem[] } = {}) {
    super('invalid_request', message, origin);
    this.fields = origin.fields ?? [];
  }
}

/** Another request holds the name. Choose another name, ask for the same, or end that node first. */
export class NameConflictError extends ProvisioningError {
  override readonly name = 'NameConflictError';
  declare readonly type: 'name_conflict';
  /** Dotted paths in which the requests differ; empty where another machine, not another request, is in the way. */
  readonly fields: readonly string[];

  constructor(message: string, origin: ProvisioningErrorOrigin & { readonly fields?: readonly string[] } = {}) {
    super('name_conflict', message, origin);
    this.fields = origin.fields ?? [];
  }
}

/** No capacity within `capacity.waitUpTo`. Wait longer, or accept more types and regions. */
export class CapacityUnavailableError extends ProvisioningError {
  override readonly name = 'CapacityUnavailableError';
  declare readonly type: 'capacity_unavailable';

  constructor(message: string, origin: ProvisioningErrorOrigin = {}) {
    super('capacity_unavailable', message, origin);
  }
}

/** The account may not have more instances, and that did not change within `capacity.waitUpTo`. End some, or ask Lambda for more. */
export class QuotaExceededError extends ProvisioningError {
  override readonly name = 'QuotaExceededError';
  declare readonly type: 'quota_exceeded';

  constructor(message: string, origin: ProvisioningErrorOrigin = {}) {
    super('quota_exceeded', message, origin);
  }
}

/** Every wanted type costs more than `maxPricePerHourUsd`. */
export class PriceTooHighError extends ProvisioningError {
  override readonly name = 'PriceTooHighError';
  declare readonly type: 'price_too_high';

  constructor(message: string, origin: ProvisioningErrorOrigin = {}) {
    super('price_too_high', message, origin);
  }
}

/** `deadlines.whole` has passed. */
export class DeadlineExceededError extends ProvisioningError {
  override readonly name = 'DeadlineExceededError';
  declare readonly type: 'deadline_exceeded';

  constructor(message: string, origin: ProvisioningErrorOrigin = {}) {
    super('deadline_exceeded', message, origin);
  }
}

/** Lambda or Navarch does not accept the worker's credentials. Nothing the caller can mend. */
export class UnauthorizedError extends ProvisioningError {
  override readonly name = 'UnauthorizedError';
  declare readonly type: 'unauthorized';

  constructor(message: string, origin: ProvisioningErrorOrigin = {}) {
    super('unauthorized', message, origin);
  }
}

/** Lambda, or what stands before it, did not give a usable answer in the time for it. Ask again later. */
export class ProviderUnavailableError extends ProvisioningError {
  override readonly name = 'ProviderUnavailableError';
  declare readonly type: 'provider_unavailable' | 'rate_limited' | 'launch_outcome_unknown';

  constructor(type: ProviderUnavailableError['type'], message: string, origin: ProvisioningErrorOrigin = {}) {
    super(type, message, origin);
  }
}

/** No node of that name is being provisioned or kept. To somebody who wants it gone, that is success. */
export class NodeNotFoundError extends ProvisioningError {
  override readonly name = 'NodeNotFoundError';
  declare readonly type: 'node_not_found';

  constructor(message: string, origin: ProvisioningErrorOrigin = {}) {
    super('node_not_found', message, origin);
  }
}

/** Lambda knows no instance of that id. */
export class InstanceNotFoundError extends ProvisioningError {
  override readonly name = 'InstanceNotFoundError';
  declare readonly type: 'instance_not_found';

  constructor(message: string, origin: ProvisioningErrorOrigin = {}) {
    super('instance_not_found', message, origin);
  }
}

/** Machines came and were no good, `maxLaunches` of them; the type says what was wrong with the last. Each was ended. */
export class MachineFailedError extends ProvisioningError {
  override readonly name: string = 'MachineFailedError';
  declare readonly type:
    | 'instance_failed'
    | 'ssh_unreachable'
    | 'gpu_unhealthy'
    | 'registration_failed'
    | 'bootstrap_failed'
    | 'host_key_mismatch';
  /** Each launch, with what it was given up for. */
  readonly launches: readonly LaunchRecord[];

  constructor(
    type: MachineFailedError['type'],
    message: string,
    origin: ProvisioningErrorOrigin & { readonly launches?: readonly LaunchRecord[] } = {},
  ) {
    super(type, message, origin);
    this.launches = origin.launches ?? [];
  }
}

/** The bootstrap failed on the last machine: look at its commands. */
export class BootstrapFailedError extends MachineFailedError {
  override readonly name = 'BootstrapFailedError';
  declare readonly type: 'bootstrap_failed';

  constructor(message: string, origin: ConstructorParameters<typeof MachineFailedError>[2] = {}) {
    super('bootstrap_failed', message, origin);
  }
}

/** Machines did not take the SSH host key that user data gave them. For an image that ignores user data, ask with `hostKey: 'trust-first'`. */
export class HostKeyMismatchError extends MachineFailedError {
  override readonly name = 'HostKeyMismatchError';
  declare readonly type: 'host_key_mismatch';

  constructor(message: string, origin: ConstructorParameters<typeof MachineFailedError>[2] = {}) {
    super('host_key_mismatch', message, origin);
  }
}

/** The image lacks what tells whether its GPUs work. Use another image, or ask with `gpuCheck: 'off'`. */
export class GpuUnprovenError extends ProvisioningError {
  override readonly name = 'GpuUnprovenError';
  declare readonly type: 'gpu_unproven';

  constructor(message: string, origin: ProvisioningErrorOrigin = {}) {
    super('gpu_unproven', message, origin);
  }
}
