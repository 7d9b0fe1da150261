// What other services import: `import { NodeProvisioner } from 'navarch-provisioner'`. No Lambda key, no activity, no native worker with it.
export type { WaitingLine, WaitingNode } from '../contract/account-broker.ts';
export type { ListedInstance, ListedInstanceType } from '../contract/list.ts';
export type { LaunchRecord } from '../contract/messages.ts';
export type { FieldProblem } from '../contract/parse.ts';
export type { Node, ProvisionNodeRequest } from '../contract/provision-node.ts';
export type { AdoptedInstance, EndedInstance, Judgement, OwnerTrouble, ReleasedInstance } from '../contract/sweep.ts';
export type { TerminatedNode, TerminateNodeRequest } from '../contract/terminate-node.ts';
export type { Finding } from '../domain/findings.ts';
export { FAILURE_TYPES, type FailureType } from '../domain/failures.ts';
export type { VerdictKind } from '../domain/orphan-verdict.ts';
export { PHASES, type Phase } from '../domain/phases.ts';
export type { ConnectOptions } from './connect.ts';
export {
  ConfigurationError,
  NodeProvisionerError,
  NoWorkerError,
  ProvisionCancelledError,
  TemporalUnreachableError,
  WorkflowLostError,
} from './errors.ts';
export type { ProgressOptions } from './follow.ts';
export type { InstanceEnding } from './instance-ending.ts';
export type { ListedNode, NodeFilter } from './node-list.ts';
export type { NodeProvision } from './node-provision.ts';
export { NodeProvisioner } from './node-provisioner.ts';
export type { NodeStatus, Progress } from './node-status.ts';
export type { NodeTermination } from './node-termination.ts';
export {
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
  ProvisioningError,
  QuotaExceededError,
  UnauthorizedError,
} from './provisioning-errors.ts';
export { payloadCodec, type PayloadKeys } from './payload-keys.ts';
export type { SweepOptions, SweepReport } from './sweep.ts';
export type { Pem, TlsOptions } from './tls.ts';
