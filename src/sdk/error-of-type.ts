import type { LaunchRecord } from '../contract/messages.ts';
import type { FieldProblem } from '../contract/parse.ts';
import type { FailureType } from '../domain/failures.ts';
import {
  BootstrapFailedError,
  CapacityUnavailableError,
  DeadlineExceededError,
  GpuUnprovenError,
  HostKeyMismatchError,
  InstanceNotFoundError,
  InvalidRequestError,
  MachineFailedError,
  NameConflictError,
  NodeNotFoundError,
  PriceTooHighError,
  ProviderUnavailableError,
  QuotaExceededError,
  UnauthorizedError,
  type ProvisioningError,
  type ProvisioningErrorOrigin,
} from './provisioning-errors.ts';

type Make = (message: string, origin: ProvisioningErrorOrigin) => ProvisioningError;

const OF_TYPE: Readonly<Record<FailureType, Make>> = {
  invalid_request: (message, origin) =>
    new InvalidRequestError(message, { ...origin, fields: fieldsOf(origin, isFieldProblem) }),
  name_conflict: (message, origin) => new NameConflictError(message, { ...origin, fields: fieldsOf(origin, isText) }),
  capacity_unavailable: (message, origin) => new CapacityUnavailableError(message, origin),
  quota_exceeded: (message, origin) => new QuotaExceededError(message, origin),
  price_too_high: (message, origin) => new PriceTooHighError(message, origin),
  deadline_exceeded: (message, origin) => new DeadlineExceededError(message, origin),
  unauthorized: (message, origin) => new UnauthorizedError(message, origin),
  provider_unavailable: providerUnavailable('provider_unavailable'),
  rate_limited: providerUnavailable('rate_limited'),
  launch_outcome_unknown: providerUnavailable('launch_outcome_unknown'),
  node_not_found: (message, origin) => new NodeNotFoundError(message, origin),
  instance_not_found: (message, origin) => new InstanceNotFoundError(message, origin),
  instance_failed: machineFailed('instance_failed'),
  ssh_unreachable: machineFailed('ssh_unreachable'),
  gpu_unhealthy: machineFailed('gpu_unhealthy'),
  registration_failed: machineFailed('registration_failed'),
  bootstrap_failed: (message, origin) => new BootstrapFailedError(message, withLaunches(origin)),
  host_key_mismatch: (message, origin) => new HostKeyMismatchError(message, withLaunches(origin)),
  gpu_unproven: (message, origin) => new GpuUnprovenError(message, origin),
};

/** The class that stands for a failure type, with what the failure's details say. */
export function errorOfType(type: FailureType, message: string, origin: ProvisioningErrorOrigin): ProvisioningError {
  return OF_TYPE[type](message, origin);
}

function providerUnavailable(type: ProviderUnavailableError['type']): Make {
  return (message, origin) => new ProviderUnavailableError(type, message, origin);
}

function machineFailed(type: MachineFailedError['type']): Make {
  return (message, origin) => new MachineFailedError(type, message, withLaunches(origin));
}

// Details as far as they have the shape that they should have: the worker may be of another version.

function withLaunches(origin: ProvisioningErrorOrigin): ProvisioningErrorOrigin & { launches: LaunchRecord[] } {
  const { details } = origin;
  return { ...origin, launches: Array.isArray(details) ? details.filter(isLaunch) : [] };
}

function fieldsOf<T>({ details }: ProvisioningErrorOrigin, is: (item: unknown) => item is T): readonly T[] {
  const fields: unknown = isRecord(details) ? details['fields'] : [];
  return Array.isArray(fields) ? fields.filter(is) : [];
}

function isText(item: unknown): item is string {
  return typeof item === 'string';
}

function isFieldProblem(item: unknown): item is FieldProblem {
  return isRecord(item) && isText(item['field']) && isText(item['problem']);
}

function isLaunch(item: unknown): item is LaunchRecord {
  return isRecord(item) && ['token', 'instanceType', 'region', 'sentAt'].every((field) => isText(item[field]));
}

function isRecord(item: unknown): item is Record<string, unknown> {
  return typeof item === 'object' && item !== null;
}
