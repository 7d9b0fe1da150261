import { enumName } from './enum-name.ts';
import { HealthStatus, NodeStatus } from './gen/navarch_pb.ts';
import type { GPUInfo, NodeInfo } from './gen/navarch_pb.ts';
import { millisecondsOf } from './timestamp.ts';

/** Navarch's `NodeStatus`. ACTIVE means registered, not alive. A status that this version does not know is UNKNOWN. */
export type NavarchNodeStatus = keyof typeof NodeStatus;
/** Navarch's `HealthStatus`; UNKNOWN until the agent has reported its health once. */
export type NavarchHealth = keyof typeof HealthStatus;

/** A node as Navarch knows it. Texts that nobody gave are empty. */
export interface NavarchNode {
  readonly nodeId: string;
  readonly provider: string;
  readonly region: string;
  readonly zone: string;
  readonly instanceType: string;
  readonly status: NavarchNodeStatus;
  readonly health: NavarchHealth;
  /**
   * By the agent's own clock, in milliseconds since the epoch: compare it with other values of the same node only. Undefined until
   * the first heartbeat. A new registration keeps the value of the old one.
   */
  readonly lastHeartbeatMs?: number;
  readonly gpus: readonly NavarchGpu[];
  readonly hostname: string;
  readonly internalIp: string;
  readonly externalIp: string;
  readonly kernelVersion: string;
  /** `pool` is the node's pool. */
  readonly labels: Readonly<Record<string, string>>;
}

export interface NavarchGpu {
  readonly index: number;
  /** `GPU-` and a dashed UUID. */
  readonly uuid: string;
  readonly name: string;
  readonly pciBusId: string;
  readonly memoryBytes: number;
  readonly driverVersion: string;
  readonly cudaVersion: string;
}

export function nodeFrom(info: NodeInfo): NavarchNode {
  const lastHeartbeatMs = millisecondsOf(info.lastHeartbeat);
  return {
    nodeId: info.nodeId,
    provider: info.provider,
    region: info.region,
    zone: info.zone,
    instanceType: info.instanceType,
    status: enumName(NodeStatus, info.status),
    health: enumName(HealthStatus, info.healthStatus),
    ...(lastHeartbeatMs !== undefined && { lastHeartbeatMs }),
    gpus: info.gpus.map(gpuFrom),
    hostname: info.metadata?.hostname ?? '',
    internalIp: info.metadata?.internalIp ?? '',
    externalIp: info.metadata?.externalIp ?? '',
    kernelVersion: info.metadata?.kernelVersion ?? '',
    labels: { ...info.metadata?.labels },
  };
}

function gpuFrom(info: GPUInfo): NavarchGpu {
  return {
    index: info.index,
    uuid: info.uuid,
    name: info.name,
    pciBusId: info.pciBusId,
    // Exact up to 8 PiB.
    memoryBytes: Number(info.memoryTotal),
    driverVersion: info.driverVersion,
    cudaVersion: info.cudaVersion,
  };
}
