import type { BootTimes } from './boot-model.ts';
import type { InstanceTypeSpec } from './catalogue.ts';
import type { HiddenFrom, InstanceFault, LaterInstanceFault } from './faults/instance-faults.ts';
import type { MachineFaults } from './machines/machine.ts';

export type InstanceStatus = 'booting' | 'active' | 'unhealthy' | 'terminating' | 'terminated' | 'preempted';

export interface Tag {
  readonly key: string;
  readonly value: string;
}

/** A launch as it was accepted: valid, every name resolved. */
export interface LaunchOrder {
  readonly type: InstanceTypeSpec;
  readonly region: string;
  readonly name: string;
  readonly hostname?: string;
  readonly tags: readonly Tag[];
  readonly sshKeyNames: readonly string[];
  readonly authorizedKeys: readonly string[];
  readonly fileSystems: readonly { readonly id: string; readonly name: string; readonly mountPoint: string }[];
  readonly userData?: string;
}

/** What an instance truly is, whatever the API says about it. Times are simulated milliseconds since the epoch. */
export interface InstanceTruth {
  readonly id: string;
  readonly account: string;
  /** From 1, over all accounts of the simulator. */
  readonly launchNumber: number;
  readonly name: string;
  readonly tags: readonly Tag[];
  readonly type: string;
  readonly region: string;
  readonly priceCentsPerHour: number;
  readonly status: InstanceStatus;
  readonly address: string | undefined;
  readonly acceptedAt: number;
  readonly firstHealthyAt: number | undefined;
  /** When a terminate call took effect first. */
  readonly terminateRequestedAt: number | undefined;
  /** When it was terminated or preempted. */
  readonly endedAt: number | undefined;
  readonly endedBy: 'api' | 'preempted' | 'console' | undefined;
  readonly history: readonly { readonly at: number; readonly status: InstanceStatus }[];
  readonly gpuUuids: readonly string[];
  /** The Jupyter token that the API shows once active: a secret that must not travel further. */
  readonly jupyterToken: string;
}

export class Instance implements InstanceTruth {
  readonly id: string;
  readonly account: string;
  readonly launchNumber: number;
  readonly order: LaunchOrder;
  /** Which piece of hardware of the offering it got. */
  readonly place: number;
  readonly times: BootTimes;
  readonly machineFaults: MachineFaults;
  readonly acceptedAt: number;
  readonly gpuUuids: readonly string[];
  readonly jupyterToken: string;
  name: string;
  tags: readonly Tag[];
  address: string | undefined;
  firstHealthyAt: number | undefined;
  terminateRequestedAt: number | undefined;
  endedAt: number | undefined;
  endedBy: InstanceTruth['endedBy'];
  /** A restart is in progress until then. */
  busyUntil = -Infinity;
  /** How many reads have shown it active; for the fault that goes back once. */
  activeReads = 0;
  /** Terminates that did nothing so far; for the fault that ignores some. */
  ignoredTerminates = 0;
  /** Hidden by hand from these reads. */
  hiddenFrom: HiddenFrom | undefined;
  #faults: readonly InstanceFault[];
  readonly history: { at: number; status: InstanceStatus }[];

  constructor(birth: {
    readonly id: string;
    readonly account: string;
    readonly launchNumber: number;
    readonly order: LaunchOrder;
    readonly place: number;
    readonly times: BootTimes;
    readonly faults: readonly InstanceFault[];
    readonly machineFaults: MachineFaults;
    readonly acceptedAt: number;
    readonly gpuUuids: readonly string[];
    readonly jupyterToken: string;
  }) {
    this.id = birth.id;
    this.account = birth.account;
    this.launchNumber = birth.launchNumber;
    this.order = birth.order;
    this.place = birth.place;
    this.times = birth.times;
    this.#faults = birth.faults;
    this.machineFaults = birth.machineFaults;
    this.acceptedAt = birth.acceptedAt;
    this.gpuUuids = birth.gpuUuids;
    this.jupyterToken = birth.jupyterToken;
    this.name = birth.order.name;
    this.tags = birth.order.tags;
    this.history = [{ at: birth.acceptedAt, status: 'booting' }];
  }

  /** Those of its launch, and before them those added since: of one kind the newest counts. */
  get faults(): readonly InstanceFault[] {
    return this.#faults;
  }

  /** What the fault counts, it counts from now. */
  addFault(fault: LaterInstanceFault): void {
    this.#faults = [fault, ...this.#faults];
    if (fault.kind === 'status-goes-back') this.activeReads = 0;
    if (fault.kind === 'terminate-not-applied') this.ignoredTerminates = 0;
  }

  get type(): string {
    return this.order.type.name;
  }

  get region(): string {
    return this.order.region;
  }

  get priceCentsPerHour(): number {
    return this.order.type.priceCentsPerHour;
  }

  get status(): InstanceStatus {
    return this.history.at(-1)?.status ?? 'booting';
  }

  get isEnded(): boolean {
    return hasEnded(this.status);
  }

  /** The status it had at that time. */
  statusAt(time: number): InstanceStatus {
    return this.history.findLast(({ at }) => at <= time)?.status ?? 'booting';
  }

  become(status: InstanceStatus, at: number): void {
    if (status !== this.status) this.history.push({ at, status });
    if (status === 'active') this.firstHealthyAt ??= at;
  }
}

export function hasEnded(status: InstanceStatus): boolean {
  return status === 'terminated' || status === 'preempted';
}
