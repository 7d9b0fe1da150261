/** An instance as `listInstances` shows it: what Lambda says, and whose it is by its tags. */
export interface ListedInstance {
  readonly instanceId: string;
  readonly name?: string;
  readonly status: string;
  readonly address?: string;
  readonly instanceType: string;
  readonly region: string;
  readonly pricePerHourUsd: number;
  /** From our tags; absent on instances that are not ours. */
  readonly node?: string;
  readonly launchToken?: string;
}

/** An instance type as `listInstanceTypes` shows it. */
export interface ListedInstanceType {
  readonly name: string;
  readonly description: string;
  readonly gpus: number;
  readonly pricePerHourUsd: number;
  /** Regions that list capacity now: a hint, never a promise. */
  readonly regionsWithCapacity: readonly string[];
}

export interface InstanceList {
  readonly instances: readonly ListedInstance[];
}

export interface InstanceTypeList {
  readonly instanceTypes: readonly ListedInstanceType[];
}
