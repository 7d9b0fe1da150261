/**
 * Why a step failed, in the words of the field (Navarch's own Lambda provider first). Callers of any language match on these: they are
 * the `type` of the ApplicationFailure a workflow ends with.
 */
export const FAILURE_TYPES = [
  /** The region has none of the type now. Waited out; fails only when `capacity.waitUpTo` has passed. */
  'capacity_unavailable',
  /** The request can never work as it is: the message names the fields. */
  'invalid_request',
  /** Lambda or Navarch does not accept the worker's credentials. */
  'unauthorized',
  /** Lambda does not know the instance. A step towards proof that it is gone, not proof. */
  'instance_not_found',
  /** No node of that name is being provisioned or kept. */
  'node_not_found',
  /** The account may not have more instances now. Waited out. */
  'quota_exceeded',
  /** Lambda answered 429. Waited out. */
  'rate_limited',
  /** Lambda or what stands before it does not answer sensibly. Waited out. */
  'provider_unavailable',
  /** A launch got no readable answer: it may have happened. Looked up by token. */
  'launch_outcome_unknown',
  /** The instance did not come up: stuck, unhealthy, preempted or ended by somebody else. */
  'instance_failed',
  /** The machine never showed the SSH host key we chose for it. */
  'host_key_mismatch',
  /** No SSH session, or cloud-init not done, within the deadline. */
  'ssh_unreachable',
  /** A GPU does not work, is missing, or is not what was ordered. */
  'gpu_unhealthy',
  /** Nothing on the machine can tell whether its GPUs work: its image lacks what the proof needs. */
  'gpu_unproven',
  /** The bootstrap script failed. */
  'bootstrap_failed',
  /** Navarch did not show the node ACTIVE, as ours, and alive within the deadline. */
  'registration_failed',
  /** A deadline of the whole request has passed. */
  'deadline_exceeded',
  /** Another request holds the name; the message names the differing fields. */
  'name_conflict',
  /** Every wanted type costs more than `maxPricePerHourUsd`. */
  'price_too_high',
] as const;

export type FailureType = (typeof FAILURE_TYPES)[number];

export function isFailureType(type: unknown): type is FailureType {
  return FAILURE_TYPES.includes(type as FailureType);
}

/** What no further attempt of the same request can mend. A step before the undo does not retry these; an undo retries everything (P3). */
export const HOPELESS: readonly FailureType[] = [
  'invalid_request',
  'unauthorized',
  'name_conflict',
  'price_too_high',
  'node_not_found',
  'gpu_unproven',
];

/** The machine is bad, the request is not: unwind this launch and try the next. */
const MACHINE_AT_FAULT: readonly FailureType[] = [
  'instance_failed',
  'host_key_mismatch',
  'ssh_unreachable',
  'gpu_unhealthy',
  'bootstrap_failed',
  'registration_failed',
];

export function isMachineAtFault(type: FailureType | undefined): boolean {
  return type !== undefined && MACHINE_AT_FAULT.includes(type);
}

/** A launch was refused, provably before anything was created, for a reason that passes. */
const PASSING_REFUSAL: readonly FailureType[] = [
  'capacity_unavailable',
  'quota_exceeded',
  'rate_limited',
  'provider_unavailable',
];

export function isPassingRefusal(type: FailureType | undefined): boolean {
  return type !== undefined && PASSING_REFUSAL.includes(type);
}
