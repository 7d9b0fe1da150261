import type { Node } from '../../../src/contract/provision-node.ts';
import { MINUTE, SECOND } from '../../../src/domain/durations.ts';
import { seededRandom } from '../../../src/simulator/random.ts';
import { pause, type Estate } from './estate.ts';
import { scaled } from './scale.ts';

/** Something that happens to kept nodes, or to those who watch them, which is no reason to end one. Times in the product's milliseconds. */
export interface Disturbance {
  readonly kind: (typeof KINDS)[number];
  readonly atMs: number;
  readonly forMs: number;
  /** Index of the node it befalls. */
  readonly node: number;
}

const KINDS = [
  'vanishes from the list',
  'vanishes by id',
  'vanishes altogether',
  'the key is of another account',
  'reads fail',
  'every request is too many',
  'unhealthy',
  'stale status',
  'the control plane is away',
  'the worker is replaced',
] as const;

/** P12 takes two absences three minutes apart, the first three minutes after the last sighting, for proof: lists were never seen stale for that long. */
const LONGEST_ABSENCE_MS = 2 * MINUTE;

export function disturbancesFrom(seed: number, withinMs: number, nodes: number): readonly Disturbance[] {
  const random = seededRandom(seed, 'disturbances');
  const drawn = Array.from({ length: 12 }, (): Disturbance => {
    const kind = KINDS[Math.floor(random.next() * KINDS.length)] ?? 'unhealthy';
    const longestMs = kind === 'vanishes altogether' ? LONGEST_ABSENCE_MS : 15 * MINUTE;
    return {
      kind,
      atMs: Math.floor(random.between(0, withinMs)),
      forMs: Math.floor(random.between(10 * SECOND, longestMs)),
      node: Math.floor(random.next() * nodes),
    };
  });
  return drawn.filter((each, index) => isNoProof(each, drawn.slice(0, index)));
}

/** An instance that is missing from the list and by id for long is gone, by what we call proof: no draw may add up to that. */
function isNoProof({ kind, node }: Disturbance, before: readonly Disturbance[]): boolean {
  if (kind === 'vanishes from the list') return node % 2 === 0;
  if (kind === 'vanishes by id') return node % 2 === 1;
  return kind !== 'vanishes altogether' || !before.some((each) => each.kind === kind && each.node === node);
}

/** Lets them all happen, each at its time, and returns when the last one is over. */
export async function disturb(estate: Estate, nodes: readonly Node[], all: readonly Disturbance[]): Promise<void> {
  await Promise.all(
    all.map(async (disturbance) => {
      await pause(scaled(disturbance.atMs));
      await happen(estate, nodes[disturbance.node]?.instanceId ?? '', disturbance);
    }),
  );
}

let swaps = 0;

async function happen(estate: Estate, instanceId: string, { kind, forMs }: Disturbance): Promise<void> {
  const { controls, clock } = estate.simulator;
  const lasting = (): Promise<void> => pause(scaled(forMs));
  const since = clock.now() - estate.startedAt;
  const between: [number, number] = [since, since + forMs];
  switch (kind) {
    case 'vanishes from the list':
      controls.addInstanceFault(instanceId, { kind: 'vanishes', afterMs: 0, forMs, from: 'list' });
      return lasting();
    case 'vanishes by id':
      controls.addInstanceFault(instanceId, { kind: 'vanishes', afterMs: 0, forMs, from: 'get' });
      return lasting();
    case 'vanishes altogether':
      controls.addInstanceFault(instanceId, { kind: 'vanishes', afterMs: 0, forMs });
      return lasting();
    case 'stale status':
      controls.addInstanceFault(instanceId, { kind: 'stale-status', forMs: 20 * SECOND });
      return lasting();
    case 'the key is of another account':
      swaps += 1;
      await estate.useKey('other');
      await lasting();
      swaps -= 1;
      if (swaps === 0) await estate.useKey('ours');
      return;
    case 'reads fail':
      controls.addFault({ on: 'read', probability: 0.5, between, do: { kind: 'error', status: 502, body: 'html' } });
      return lasting();
    case 'every request is too many':
      controls.addFault({ on: 'any', probability: 0.7, between, do: { kind: 'rate-limited' } });
      return lasting();
    case 'unhealthy':
      controls.setHealth(instanceId, 'unhealthy');
      await lasting();
      controls.setHealth(instanceId, 'active');
      return;
    case 'the control plane is away':
      controls.setNavarchUp(false);
      await lasting();
      controls.setNavarchUp(true);
      return;
    case 'the worker is replaced':
      await estate.replaceWorker();
      return;
  }
}
