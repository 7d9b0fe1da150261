import type { Writable } from 'node:stream';
import { endNode, provisionNode, tellNode } from './node.ts';
import type { Fact } from './scenario.ts';
import type { ScenarioName } from './scenario-names.ts';
import { SCENARIOS } from './scenarios/index.ts';
import { ACCOUNT, openStage, type Stage } from './stage.ts';
import { storyteller } from './storyteller.ts';

export interface DemoOptions {
  /** Leave everything up after the node is ready, until the signal. */
  readonly keep?: boolean;
  /** Simulated time runs so many times as fast. Default 20: a boot of four minutes takes twelve seconds. */
  readonly clockFactor?: number;
  /** Default: random, and printed. */
  readonly seed?: number;
  /** A story in which something goes wrong. Default: nothing does. */
  readonly scenario?: ScenarioName;
}

export interface DemoSurroundings {
  readonly out: Writable;
  /** Ctrl-C: everything is undone and ended. */
  readonly signal: AbortSignal;
}

const CLOCK_FACTOR = 20;

/** Interrupted; as a shell says it. */
const INTERRUPTED = 130;

/**
 * The main job on embedded defaults: a real Temporal server with its UI, a simulated Lambda Cloud and Navarch, a worker; one node
 * provisioned with each phase shown as it happens, then ended; or a scenario in its place. Returns the exit code: 0 when the simulated
 * cloud's own books say that nothing is left alive, and that the scenario went as it was told.
 */
export async function runDemo(options: DemoOptions, { out, signal }: DemoSurroundings): Promise<number> {
  const { keep = false, clockFactor = CLOCK_FACTOR, seed } = options;
  const scenario = options.scenario === undefined ? undefined : SCENARIOS[options.scenario];
  const tell = storyteller(out);
  const closing: (() => Promise<unknown>)[] = [];
  try {
    if (scenario !== undefined) tell(`scenario ${options.scenario ?? ''}`, scenario.title);
    const stage = await openStage({
      ...{ tell, signal },
      atEnd: (close) => closing.push(close),
      simulation: { clockFactor, ...(seed === undefined ? {} : { seed }), ...scenario?.simulation },
    });
    const facts = scenario === undefined ? await playWithoutTrouble(stage, keep, out) : await scenario.play(stage);
    if (scenario !== undefined) signal.throwIfAborted();
    return verdict(stage, facts);
  } catch (error) {
    if (!signal.aborted) throw error;
    if (error !== signal.reason) tell('while interrupted', String(error));
    return INTERRUPTED;
  } finally {
    for (const close of closing.reverse()) await close().catch((error: unknown) => tell('closing', String(error)));
  }
}

async function playWithoutTrouble(stage: Stage, keep: boolean, out: Writable): Promise<readonly Fact[]> {
  await stage.startWorker();
  tellNode(stage, await provisionNode(stage));
  if (keep) await keepUp(stage, out);
  await endNode(stage);
  return [];
}

async function keepUp({ server, world, signal }: Stage, out: Writable): Promise<void> {
  out.write(`\nEverything stays up until Ctrl-C. In another terminal:\n`);
  out.write(`  npx navarch-provisioner --address ${server.address} --account ${ACCOUNT} list\n`);
  out.write(`  Lambda API at ${world.simulator.lambdaUrl}, key ${world.simulator.apiKey}\n\n`);
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function verdict({ world, tell }: Stage, facts: readonly Fact[]): number {
  for (const { claim, holds } of facts) tell(holds ? 'checked' : 'NOT TRUE', claim);
  const { oracles } = world.simulator;
  const isClean = oracles.instancesAlive().length === 0;
  tell(isClean ? 'nothing is left' : 'LEFT ALIVE', world.simulator.describe());
  return isClean && facts.every(({ holds }) => holds) ? 0 : 1;
}
