/** What a status says about money and hope. Lambda's words; an unknown one is taken to be billing. */
export type InstanceState = 'coming' | 'active' | 'unhealthy' | 'ending' | 'ended';

/** How Lambda shows an instance, reduced to what decisions need. Small on purpose: it is written to history. */
export interface InstanceView {
  readonly instanceId: string;
  readonly status: string;
  readonly address?: string;
  readonly instanceType: string;
  readonly region: string;
}

export function stateOf(status: string): InstanceState {
  switch (status) {
    case 'active':
      return 'active';
    case 'unhealthy':
      return 'unhealthy';
    case 'terminating':
      return 'ending';
    case 'terminated':
    case 'preempted':
      return 'ended';
    default:
      return 'coming';
  }
}

/** Which of several instances of one launch token to keep: the one furthest along, then the smallest id. There should be only one (P2). */
export function chooseSurvivor<T extends Pick<InstanceView, 'instanceId' | 'status'>>(
  instances: readonly T[],
): T | undefined {
  const rank: Record<InstanceState, number> = { active: 0, coming: 1, unhealthy: 2, ending: 3, ended: 4 };
  return [...instances].sort(
    (a, b) => rank[stateOf(a.status)] - rank[stateOf(b.status)] || a.instanceId.localeCompare(b.instanceId),
  )[0];
}
