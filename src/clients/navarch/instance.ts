import { enumName } from './enum-name.ts';
import { InstanceState } from './gen/navarch_pb.ts';
import type { InstanceInfo } from './gen/navarch_pb.ts';
import { millisecondsOf } from './timestamp.ts';

/** Navarch's `InstanceState`. A state that this version does not know is UNKNOWN. */
export type NavarchInstanceState = keyof typeof InstanceState;

/** A machine that one of Navarch's own pools launched. Texts that nobody gave are empty. */
export interface NavarchInstance {
  readonly instanceId: string;
  readonly provider: string;
  readonly region: string;
  readonly zone: string;
  readonly instanceType: string;
  readonly state: NavarchInstanceState;
  readonly poolName: string;
  /** These three in milliseconds since the epoch. */
  readonly createdAtMs?: number;
  readonly readyAtMs?: number;
  readonly terminatedAtMs?: number;
  /** Empty until it has registered. */
  readonly nodeId: string;
  readonly statusMessage: string;
  readonly labels: Readonly<Record<string, string>>;
}

export function instanceFrom(info: InstanceInfo): NavarchInstance {
  const createdAtMs = millisecondsOf(info.createdAt);
  const readyAtMs = millisecondsOf(info.readyAt);
  const terminatedAtMs = millisecondsOf(info.terminatedAt);
  return {
    instanceId: info.instanceId,
    provider: info.provider,
    region: info.region,
    zone: info.zone,
    instanceType: info.instanceType,
    state: enumName(InstanceState, info.state),
    poolName: info.poolName,
    ...(createdAtMs !== undefined && { createdAtMs }),
    ...(readyAtMs !== undefined && { readyAtMs }),
    ...(terminatedAtMs !== undefined && { terminatedAtMs }),
    nodeId: info.nodeId,
    statusMessage: info.statusMessage,
    labels: { ...info.labels },
  };
}
