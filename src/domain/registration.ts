import type { GpuView } from './gpus.ts';

/** A GPU as the agent registered it. */
export interface RegisteredGpu extends GpuView {
  readonly pciBusId: string;
}

/** How Navarch shows a node, reduced to what the verdict needs. */
export interface RegisteredNode {
  readonly nodeId: string;
  readonly provider: string;
  readonly region: string;
  readonly instanceType: string;
  readonly status: string;
  /** What the agent's own checks say: UNKNOWN until it has reported once. */
  readonly health: string;
  /** Milliseconds since the epoch by Navarch's clock; undefined before the first heartbeat. Compare only with itself. */
  readonly lastHeartbeatMs?: number;
  readonly gpus: readonly RegisteredGpu[];
  readonly labels: Readonly<Record<string, string>>;
}

export interface ExpectedRegistration {
  readonly nodeId: string;
  readonly region: string;
  readonly instanceType: string;
  readonly pool?: string;
  /** As seen on the machine; undefined: nobody has looked. */
  readonly gpus?: readonly GpuView[];
  readonly allowFakeGpus: boolean;
  /** `direct`: there is no agent that could be heard. */
  readonly mode: 'agent' | 'direct';
}

export type RegistrationVerdict =
  | { readonly kind: 'ready'; readonly fakeGpus: boolean }
  /** It is heard and well, and Navarch still holds an earlier silence against it: only a cordon that is taken back mends that. */
  | { readonly kind: 'mend'; readonly reason: string }
  | { readonly kind: 'wait'; readonly reason: string }
  /** Its GPUs are not those of the machine: an agent that began before the driver registers so, too. */
  | { readonly kind: 'wrong gpus'; readonly reason: string }
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
  const heard = isHeard(node, firstSeenHeartbeatMs);
  const difference = differenceFrom(node, expected);
  if (difference !== undefined) {
    // What an earlier life registered is replaced by the agent that will be heard: only then does it count.
    if (heard || expected.mode === 'direct') return { kind: 'wrong', reason: difference };
    return { kind: 'wait', reason: `${difference}; its agent has not been heard yet` };
  }
  if (node.health === 'UNHEALTHY') {
    return { kind: 'wait', reason: `its agent reports itself unhealthy, and Navarch shows the node ${node.status}` };
  }
  if (node.status === 'UNHEALTHY' && heard) {
    return { kind: 'mend', reason: 'Navarch hears the node and shows it UNHEALTHY, from an earlier silence' };
  }
  if (node.status !== 'ACTIVE') return { kind: 'wait', reason: `Navarch shows the node ${node.status}` };
  if (expected.mode !== 'direct' && !heard) {
    return { kind: 'wait', reason: 'registered; Navarch has not heard a heartbeat yet' };
  }
  return judgeGpus(node, expected);
}

/** What is not as we gave it, in words. */
function differenceFrom(node: RegisteredNode, expected: ExpectedRegistration): string | undefined {
  const given: readonly (readonly [string, string, string])[] = [
    ['node id', node.nodeId, expected.nodeId],
    ['region', node.region, expected.region],
    ['instance type', node.instanceType, expected.instanceType],
    ...(expected.pool === undefined ? [] : [['pool', node.labels['pool'] ?? '', expected.pool] as const]),
  ];
  const different = given.find(([, is, wanted]) => is !== wanted);
  if (different === undefined) return undefined;
  const [what, is, wanted] = different;
  return `Navarch shows ${what} ${quoted(is)}, not ${quoted(wanted)}`;
}

function isHeard({ lastHeartbeatMs }: RegisteredNode, firstSeenHeartbeatMs: number | undefined): boolean {
  return (
    lastHeartbeatMs !== undefined && (firstSeenHeartbeatMs === undefined || lastHeartbeatMs > firstSeenHeartbeatMs)
  );
}

function judgeGpus({ gpus }: RegisteredNode, expected: ExpectedRegistration): RegistrationVerdict {
  if (gpus.some(isFake)) {
    if (expected.allowFakeGpus) return { kind: 'ready', fakeGpus: true };
    const reason = `navarch-node found no NVIDIA driver and registered ${gpus.length} invented GPUs (allowFakeGpus takes them)`;
    return { kind: 'wrong gpus', reason };
  }
  const proven = expected.gpus?.map(({ uuid }) => uuid);
  const shown = gpus.map(({ uuid }) => uuid);
  if (proven === undefined || sameSet(proven, shown)) return { kind: 'ready', fakeGpus: false };
  const reason = `Navarch shows the GPUs ${listed(shown)}, and the machine has ${listed(proven)}`;
  return { kind: 'wrong gpus', reason };
}

/** What the agent makes up where NVML does not answer: no GPU has these (seen with the real agent). */
function isFake({ uuid, pciBusId }: RegisteredGpu): boolean {
  return uuid.startsWith('GPU-00000000-0000-') || pciBusId === '0000:00:00.0';
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item) => b.includes(item));
}

function listed(uuids: readonly string[]): string {
  return uuids.length === 0 ? 'none' : uuids.join(', ');
}

function quoted(value: string): string {
  return value === '' ? 'none' : `"${value}"`;
}
