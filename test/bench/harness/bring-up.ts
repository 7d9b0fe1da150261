import { setTimeout as sleep } from 'node:timers/promises';
import type { Node } from '../../../src/contract/provision-node.ts';
import type { InstanceTruth, Simulator } from '../../../src/simulator/index.ts';
import type { BenchCloud, ProvisionRequest } from './cloud.ts';

/** As dense as machines could come if each of Lambda's requests, of which it takes one a second, were a launch: one in twelve seconds may be. */
export const DENSE_MS = 1_000;

/** Denser than any account allows: what many accounts on one worker would ask for. */
export const BURST_MS = 100;

/** A node, and its instance as it truly was. */
export interface BroughtUp {
  readonly node: Node;
  readonly instance: InstanceTruth;
}

/** So many nodes, one each `gapMs`. The simulated clock has to be true. */
export async function bringUpAll(
  cloud: BenchCloud,
  names: readonly string[],
  request: Omit<ProvisionRequest, 'name'>,
  gapMs: number,
): Promise<readonly BroughtUp[]> {
  const results: Promise<Node>[] = [];
  for (const name of names) {
    results.push((await cloud.provision({ ...request, name })).result());
    await sleep(gapMs);
  }
  const nodes = await Promise.all(results);
  return nodes.map((node) => {
    const instance = cloud.simulator.record.instances.find(({ id }) => id === node.instanceId);
    if (instance === undefined) throw new Error(`${node.name} has no instance`);
    return { node, instance };
  });
}

/** Seconds between two moments in milliseconds. */
export function secondsFrom(from: number, to: number): number {
  return (to - from) / 1_000;
}

/** When a process with such a command line was started last, or first, on the machine. */
export function startOf({ record }: Simulator, instanceId: string, which: 'first' | 'last', command: RegExp): number {
  const matching = record.processes.filter(
    ({ instanceId: id, argv }) => id === instanceId && command.test(argv.join(' ')),
  );
  const at = matching.at(which === 'first' ? 0 : -1)?.at;
  if (at === undefined) throw new Error(`nothing like ${command.source} was started on ${instanceId}`);
  return at;
}
