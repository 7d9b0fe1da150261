import type { MessageInitShape } from '@bufbuild/protobuf';
import type { RegisterNodeRequestSchema } from './gen/navarch_pb.ts';
import type { NavarchGpu, NavarchNode } from './node.ts';

type Optional = 'zone' | 'hostname' | 'internalIp' | 'externalIp' | 'kernelVersion' | 'labels';

/**
 * What RegisterNode is told about a node. It replaces everything that was known before, so an empty `gpus` loses the GPUs that the
 * agent reported.
 */
export type NavarchRegistration = Pick<NavarchNode, 'nodeId' | 'provider' | 'region' | 'instanceType'> &
  Partial<Pick<NavarchNode, Optional>> & { readonly gpus: readonly NavarchGpu[] };

/** What the control plane wants of the node's agent. */
export interface NavarchAgentConfig {
  /** The first heartbeat comes only after one such interval. 0 where Navarch said nothing. */
  readonly heartbeatIntervalSeconds: number;
  readonly healthCheckIntervalSeconds: number;
  readonly enabledHealthChecks: readonly string[];
}

export function registrationRequest(node: NavarchRegistration): MessageInitShape<typeof RegisterNodeRequestSchema> {
  return {
    nodeId: node.nodeId,
    provider: node.provider,
    region: node.region,
    zone: node.zone ?? '',
    instanceType: node.instanceType,
    gpus: node.gpus.map(({ memoryBytes, ...gpu }) => ({ ...gpu, memoryTotal: BigInt(Math.round(memoryBytes)) })),
    metadata: {
      hostname: node.hostname ?? '',
      internalIp: node.internalIp ?? '',
      externalIp: node.externalIp ?? '',
      kernelVersion: node.kernelVersion ?? '',
      labels: { ...node.labels },
    },
  };
}
