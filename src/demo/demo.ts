import type { Writable } from 'node:stream';
import { SEARCH_ATTRIBUTE_TYPES } from '../contract/search-attributes.ts';
import { mainTaskQueue } from '../contract/task-queues.ts';
import { PHASE_TITLES } from '../domain/phases.ts';
import { NodeProvisioner, type Node, type Progress } from '../sdk/index.ts';
import { startTemporalServer, type TemporalServer } from '../temporal-server/index.ts';
import { installRuntime } from '../worker-runtime.ts';
import { createWorld, type World } from './world.ts';

export interface DemoOptions {
  /** Leave everything up after the node is ready, until the signal. */
  readonly keep?: boolean;
  /** Simulated time runs so many times as fast. Default 20: a boot of four minutes takes twelve seconds. */
  readonly clockFactor?: number;
  /** Default: random, and printed. */
  readonly seed?: number;
}

export interface DemoSurroundings {
  readonly out: Writable;
  /** Ctrl-C: everything is undone and ended. */
  readonly signal: AbortSignal;
}

const CLOCK_FACTOR = 20;
const ACCOUNT = 'demo';
const NODE = 'demo-node';

/** Interrupted; as a shell says it. */
const INTERRUPTED = 130;

/**
 * The main job on embedded defaults: a real Temporal server with its UI, a simulated Lambda Cloud and Navarch, a worker; one node
 * provisioned with each phase shown as it happens, then ended. Returns the exit code: 0 when the simulated cloud's own books say that
 * nothing is left alive.
 */
export async function runDemo(options: DemoOptions, { out, signal }: DemoSurroundings): Promise<number> {
  const tell = storyteller(out);
  const closing: (() => Promise<unknown>)[] = [];
  try {
    tell('starting', 'Temporal');
    const server = await startTemporalServer({
      ui: true,
      searchAttributes: SEARCH_ATTRIBUTE_TYPES,
      onProgress: (line) => tell('', line),
    });
    closing.push(() => server.stop());
    tell('Temporal', `UI at ${server.uiUrl ?? ''}, server at ${server.address}`);
    signal.throwIfAborted();
    const world = await openWorld(server, options);
    closing.push(() => world.close());
    tell(
      'simulator',
      `Lambda Cloud, machines with SSH, Navarch; seed ${world.simulator.seed}, clock ${options.clockFactor ?? CLOCK_FACTOR}x`,
    );
    await world.startWorker();
    tell('worker', `polls ${mainTaskQueue(ACCOUNT)}`);
    const provisioner = await NodeProvisioner.connect({ address: server.address, account: ACCOUNT, environment: {} });
    closing.push(() => provisioner.close());

    const node = await provisionOne(provisioner, server, tell, signal);
    if (node === undefined) return INTERRUPTED;
    if (options.keep === true) await keep(server, world, out, signal);
    tell('ending', NODE);
    await provisioner.terminate({ name: NODE, reason: 'the demo is over' });
    tell('ended', 'cordoned, agent stopped, terminated, and proven gone');
    return verdict(world, tell);
  } catch (error) {
    if (signal.aborted) return INTERRUPTED;
    throw error;
  } finally {
    for (const close of closing.reverse()) await close().catch((error: unknown) => tell('closing', String(error)));
  }
}

type Tell = (what: string, detail: string) => void;

function storyteller(out: Writable): Tell {
  const startedAt = performance.now();
  return (what, detail) => {
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1).padStart(6);
    out.write(`${seconds}s  ${what.padEnd(32)}  ${detail}\n`);
  };
}

async function openWorld(server: TemporalServer, { seed, clockFactor = CLOCK_FACTOR }: DemoOptions): Promise<World> {
  return createWorld({
    temporalAddress: server.address,
    logger: installRuntime({ log: { level: 'error', format: 'pretty' }, metricsAddress: undefined }),
    account: ACCOUNT,
    clockFactor,
    ...(seed === undefined ? {} : { seed }),
  });
}

/** Undefined when it was interrupted: what it had launched is undone by then. */
async function provisionOne(
  provisioner: NodeProvisioner,
  server: TemporalServer,
  tell: Tell,
  signal: AbortSignal,
): Promise<Node | undefined> {
  const provision = await provisioner.provision({
    name: NODE,
    instanceType: ['gpu_1x_h100_sxm5', 'gpu_1x_a100_sxm4'],
    pool: 'demo',
  });
  tell('provision', `${server.uiUrl ?? ''}/namespaces/default/workflows/${encodeURIComponent(provision.workflowId)}`);
  const onAbort = (): void => {
    tell('interrupted', 'cancelling the provision; what it launched is ended first');
    provision.cancel().catch((error: unknown) => tell('cancel', String(error)));
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    for await (const progress of provision.watch({ everyMs: 100 })) show(progress, tell);
    const node = await provision.result();
    tell('ready', `${node.instanceType} in ${node.region}, ${node.gpus.length} x ${node.gpus[0]?.model ?? 'no GPU'}`);
    for (const [what, value] of details(node)) tell('', `${what.padEnd(14)} ${value}`);
    return node;
  } catch (error) {
    if (!signal.aborted) throw error;
    tell('undone', 'nothing is left of it');
    return undefined;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function show(progress: Progress, tell: Tell): void {
  const { phase, detail, trouble } = progress;
  tell(PHASE_TITLES[phase], [detail, trouble].filter((part) => part !== undefined).join('; last answer: '));
}

function details(node: Node): readonly (readonly [string, string])[] {
  return [
    ['instance', node.instanceId],
    ['address', node.address],
    ['host key', node.hostKeyFingerprint],
    ['price', `$${node.pricePerHourUsd.toFixed(2)}/h`],
    ['launches used', String(node.launchesUsed)],
  ];
}

async function keep(server: TemporalServer, world: World, out: Writable, signal: AbortSignal): Promise<void> {
  out.write(`\nEverything stays up until Ctrl-C. In another terminal:\n`);
  out.write(`  npx navarch-provisioner --address ${server.address} --account ${ACCOUNT} list\n`);
  out.write(`  Lambda API at ${world.simulator.lambdaUrl}, key ${world.simulator.apiKey}\n\n`);
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function verdict(world: World, tell: Tell): number {
  const { oracles } = world.simulator;
  const left = oracles.instancesAlive();
  tell(left.length === 0 ? 'nothing is left' : 'LEFT ALIVE', world.simulator.describe());
  return left.length === 0 ? 0 : 1;
}
