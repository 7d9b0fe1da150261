import type { RequestRecord } from '../../../src/simulator/index.ts';
import type { Phase } from '../../../src/domain/phases.ts';
import { openCloud, UNPACED, type BenchCloud, type CloudOptions, type ProvisionRequest } from './cloud.ts';
import type { BenchContext } from './figure.ts';
import { inParallel } from './parallel.ts';
import { until } from './until.ts';

// What the figures about waiting have in common: many nodes on their way, and what the simulated cloud was asked meanwhile.

/** A boot that does not end while somebody looks. */
export const ENDLESS_MS = 100 * 3_600_000;

/** Of a provision whose boot takes that long: nothing gives it up. */
export const PATIENT = { address: '200h', active: '200h' } as const;

const STARTS_AT_ONCE = 20;

/** Starts them all; returns when Temporal has them. */
export async function startAll(cloud: BenchCloud, requests: readonly ProvisionRequest[]): Promise<void> {
  await inParallel(requests.length, STARTS_AT_ONCE, async (index) => {
    const request = requests[index];
    if (request !== undefined) await cloud.provision(request);
  });
}

/** How many provisions are in a phase, by the search attribute that people filter by. */
export async function countInPhase({ client }: BenchCloud, phase: Phase): Promise<number> {
  const running = `WorkflowType = 'provisionNode' AND ExecutionStatus = 'Running'`;
  return (await client.workflow.count(`${running} AND NavarchPhase = '${phase}'`)).count;
}

export async function untilInPhase(
  context: BenchContext,
  cloud: BenchCloud,
  phase: Phase,
  count: number,
  withinMs: number,
): Promise<void> {
  const { signal } = context;
  await until(
    `${count} nodes in ${phase}`,
    // Visibility counts by reading all of them, and the dev server does nothing else meanwhile.
    { withinMs, signal, everyMs: Math.max(count, 200) },
    async () => (await countInPhase(cloud, phase)) >= count,
  );
}

/** Launch requests, refused ones included, in their order. */
export function launchesOf({ simulator }: BenchCloud): readonly RequestRecord[] {
  return simulator.record.requests.filter(({ operation }) => operation === 'launch');
}

export function isAccepted({ createdInstanceId }: RequestRecord): boolean {
  return createdInstanceId !== undefined;
}

/** The node that a launch was for. */
export function nodeOf({ tags }: RequestRecord): string {
  return tags.find(({ key }) => key === 'navarch-node')?.value ?? '';
}

/**
 * A cloud without limits whose machines never come up, for nodes to get to their waits at speed: the limits are for `controls.setLimits`,
 * and the true pace for the workers that come after.
 */
export function openWaitingRoom(context: BenchContext, options: CloudOptions = {}): Promise<BenchCloud> {
  return openCloud(context, {
    limits: 'off',
    capacity: { kind: 'none' },
    bootModel: { addressMs: [ENDLESS_MS, ENDLESS_MS], singleGpuActiveMs: [ENDLESS_MS, ENDLESS_MS] },
    ...options,
  });
}

/** For a worker that is to bring nodes to their waits, not to be measured. */
export const AT_SPEED = { environment: UNPACED, speed: 20 } as const;
