import type { GpuView } from './gpus.ts';

/** How Navarch shows a node, reduced to what the verdict needs. */
export interface RegisteredNode {
  readonly nodeId: string;
  readonly provider: string;
  readonly region: string;
  readonly instanceType: string;
  readonly status: string;
  /** Milliseconds since the epoch by Navarch's clock; undefined before the first heartbeat. Compare only with itself. */
  readonly lastHeartbeatMs?: number;
  readonly gpus: readonly GpuView[];
  readonly labels: Readonly<Record<string, string>>;
}

export interface ExpectedRegistration {
  readonly nodeId: string;
  readonly region: string;
  readonly instanceType: string;
  readonly pool?: string;
}

export type RegistrationVerdict =
  | { readonly kind: 'ready' }
  | { readonly kind: 'wait'; readonly reason: string }
  | { readonly kind: 'wrong'; readonly reason: string };

/**
 * P7. Navarch calls a node ACTIVE when it registered; alive is what has been heard since. `firstSeenHeartbeatMs` is the last heartbeat that
 * Navarch showed at our first look (a record of an earlier life keeps its old one): a later one is this agent's.
 */
export function judgeRegistration(
  node: RegisteredNode | undefined,
  expected: ExpectedRegistration,
  firstSeenHeartbeatMs: number | undefined,
): RegistrationVerdict {
  if (node === undefined) return { kind: 'wait', reason: 'Navarch does not know the node yet' };
  const given: readonly (readonly [string, string, string])[] = [
    ['node id', node.nodeId, expected.nodeId],
    ['region', node.region, expected.region],
    ['instance type', node.instanceType, expected.instanceType],
    ...(expected.pool === undefined ? [] : [['pool', node.labels['pool'] ?? '', expected.pool] as const]),
  ];
  for (const [what, is, wanted] of given) {
    if (is !== wanted) return { kind: 'wrong', reason: `Navarch shows ${what} ${quoted(is)}, not ${quoted(wanted)}` };
  }
  if (node.status !== 'ACTIVE') return { kind: 'wait', reason: `Navarch shows the node ${node.status}` };
  const { lastHeartbeatMs } = node;
  if (
    lastHeartbeatMs === undefined ||
    (firstSeenHeartbeatMs !== undefined && lastHeartbeatMs <= firstSeenHeartbeatMs)
  ) {
    return { kind: 'wait', reason: 'registered; Navarch has not heard a heartbeat yet' };
  }
  return { kind: 'ready' };
}

function quoted(value: string): string {
  return value === '' ? 'none' : `"${value}"`;
}
