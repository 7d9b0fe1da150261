import type { AccountSpec, SshKeySpec } from './account.ts';
import type { BootModel } from './boot-model.ts';
import type { CapacityHints, CapacityModel } from './capacity.ts';
import type { InstanceTypeSpec } from './catalogue.ts';
import type { FaultPlan } from './faults/plan.ts';
import type { WireOptions } from './lambda/wire.ts';
import type { SimulatorLog } from './log.ts';
import type { MachineFactory } from './machine-room.ts';
import type { RateLimits } from './rate-limits.ts';
import type { AfterEnd } from './visibility.ts';

/** Everything has a default that behaves: plenty of room, no faults, Lambda's own limits. Simulated times are in milliseconds. */
export interface SimulatorOptions {
  /** A whole number from 0 to 2^32 - 1. The same seed, plan and order of requests give the same simulation. Default: random. */
  readonly seed?: number;
  /** Simulated time runs so many times as fast as real time. Default 1; 0 stands still until `clock.advanceTo`. */
  readonly clockFactor?: number;
  /** Milliseconds since the epoch. Default: the real time. */
  readonly startAt?: number;
  /** Where the two HTTP servers listen. Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: a free port. */
  readonly lambdaPort?: number;
  readonly navarchPort?: number;
  /** The port of every machine's sshd. Default: one that is free at the start. */
  readonly sshPort?: number;

  /** The default account's key. Default: one made from the seed. */
  readonly apiKey?: string;
  /** The default account's SSH keys. */
  readonly sshKeys?: readonly SshKeySpec[];
  /** The default account's quota. Default: none. */
  readonly quota?: number;
  /** Further accounts, beside the default one. */
  readonly accounts?: readonly AccountSpec[];

  readonly limits?: RateLimits | 'off';
  /** Types to add to the catalogue, or to put in the place of those of the same name. */
  readonly types?: readonly InstanceTypeSpec[];
  /** Default: plentiful. */
  readonly capacity?: CapacityModel;
  readonly capacityHints?: CapacityHints;
  readonly bootModel?: Partial<BootModel>;
  readonly afterEnd?: AfterEnd;
  readonly wire?: WireOptions;
  /** Gives an address that was given back to the next machine. Default false: every machine gets a fresh one. */
  readonly reuseAddresses?: boolean;
  readonly faults?: FaultPlan;

  /** What Navarch asks as a bearer token. Default: nothing. */
  readonly navarchToken?: string;
  /** What agents are told. Default 30. */
  readonly heartbeatIntervalSeconds?: number;
  /** How long after its last heartbeat an ACTIVE node turns UNHEALTHY. Default: four heartbeats. */
  readonly heartbeatTimeoutMs?: number;

  /** Default: silent. */
  readonly logger?: SimulatorLog;
  /** Makes the machines. Default: real ones, with SSH; `absentMachine` spares them where only the API matters. */
  readonly createMachine?: MachineFactory;
}
