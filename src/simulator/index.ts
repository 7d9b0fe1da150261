/** A Lambda Cloud, machines with SSH, and a Navarch control plane, in one process. See README.md. */
export { absentMachine } from './absent-machine.ts';
export type { AccountSpec, FileSystemSpec, SshKeySpec } from './account.ts';
export type { BootModel } from './boot-model.ts';
export type { CapacityHints, CapacityModel, CapacityWindow } from './capacity.ts';
export { INSTANCE_TYPES, REGIONS, type InstanceTypeSpec, type RegionSpec } from './catalogue.ts';
export type { Clock } from './clock.ts';
export type { Controls } from './controls.ts';
export type { InstanceFault, LaterInstanceFault } from './faults/instance-faults.ts';
export { parseFaultPlan, type FaultPlan, type FaultRule } from './faults/plan.ts';
export type { Operation, RequestFault } from './faults/request-faults.ts';
export type { InstanceStatus, InstanceTruth, Tag } from './instance.ts';
export type { WireOptions } from './lambda/wire.ts';
export type { SimulatorLog } from './log.ts';
export type { Machine, MachineFaults, MachineSpec } from './machines/machine.ts';
export { runSimulator, type RunSimulatorOptions, type RunSimulatorSurroundings } from './main.ts';
export type { SimulatorOptions } from './options.ts';
export type { Billing, Oracles, SecretSighting, TerminateRequest, TokenUse } from './oracles.ts';
export type { RateLimits } from './rate-limits.ts';
export type {
  CommandRecord,
  ConnectionRecord,
  NodeCommandRecord,
  ProcessRecord,
  RegistrationRecord,
  RequestRecord,
  SimulatorRecord,
} from './record.ts';
export { REALISTIC } from './realistic.ts';
export { startSimulator, type Simulator } from './simulator.ts';
export type { AfterEnd } from './visibility.ts';
