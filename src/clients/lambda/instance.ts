/** The status words that Lambda documents. */
export type KnownInstanceStatus = 'booting' | 'active' | 'unhealthy' | 'terminating' | 'terminated' | 'preempted';

/**
 * The provider's word for an instance. Words we do not know pass through unchanged: take them for "may be billed, keep looking".
 * `active` proves neither SSH, nor the end of cloud-init, nor a working GPU.
 */
export type InstanceStatus = KnownInstanceStatus | (string & {});

export interface Region {
  /** `us-east-1` */
  readonly name: string;
  /** `Virginia, USA` */
  readonly description: string;
}

export interface InstanceTypeSpecs {
  readonly vcpus: number;
  readonly memoryGib: number;
  readonly storageGib: number;
  /** 0 for a machine without GPUs. */
  readonly gpus: number;
}

export interface InstanceType {
  /** `gpu_8x_h100_sxm5` */
  readonly name: string;
  /** `8x H100 (80 GB SXM5)` */
  readonly description: string;
  /** `H100 (80 GB SXM5)` */
  readonly gpuDescription: string;
  /** US cents an hour, for the whole instance. */
  readonly priceCentsPerHour: number;
  readonly specs: InstanceTypeSpecs;
  /** `x86_64` or `arm64`; older answers lack it. */
  readonly architecture?: string;
}

/** An instance type, and where Lambda believes that it could launch one now: a hint, not a reservation. */
export interface OfferedInstanceType {
  readonly instanceType: InstanceType;
  readonly regionsWithCapacity: readonly Region[];
}

export interface Tag {
  readonly key: string;
  readonly value: string;
}

/** Whether something can be done with an instance now, and if not, why. */
export interface InstanceAction {
  readonly available: boolean;
  /** `vm-has-not-launched`, `vm-is-too-old`, `vm-is-terminating`, `vm-action-in-progress`, or a later word. */
  readonly reasonCode?: string;
  readonly reasonDescription?: string;
}

/** A virtual machine at Lambda. Its jupyter credentials are dropped where the answer is read: nothing here is a secret. */
export interface Instance {
  /** 32 lower-case hexadecimal digits. */
  readonly id: string;
  /** Not unique, and may be the empty string. */
  readonly name?: string;
  readonly status: InstanceStatus;
  /** Public IPv4 address; seen from half a minute after the launch on, while still `booting`, and sometimes later. */
  readonly ip?: string;
  readonly privateIp?: string;
  readonly hostname?: string;
  readonly region: Region;
  readonly instanceType: InstanceType;
  readonly sshKeyNames: readonly string[];
  readonly fileSystemNames: readonly string[];
  readonly tags: readonly Tag[];
  /** By Lambda's names: `terminate`, `restart`, `cold_reboot`, … An absent one need not stop you. */
  readonly actions?: Readonly<Record<string, InstanceAction>>;
  /** When it first passed Lambda's health checks (ISO 8601): the only time Lambda tells. */
  readonly firstHealthy?: string;
}
