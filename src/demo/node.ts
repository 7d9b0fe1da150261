import { setTimeout as sleep } from 'node:timers/promises';
import { ProvisionCancelledError, ProvisioningError, type Node, type NodeProvision } from '../sdk/index.ts';
import type { Stage } from './stage.ts';
import { progressTeller } from './storyteller.ts';

export const NODE = 'demo-node';

const LOOK_MS = 100;

/** Waits until there is something to see. Gives up, by throwing, when the provision is over or was interrupted. */
export type Until = <T>(look: () => T | undefined | Promise<T | undefined>) => Promise<T>;

/** What happens beside a provision: events and remarks. */
export type Aside = (until: Until, provision: NodeProvision) => Promise<void>;

/**
 * One node from request to ready, each phase shown. Interrupted, it is cancelled, and what it had launched is undone before this throws
 * the signal's reason. Whatever else the provision fails with is thrown as it is.
 */
export async function provisionNode(stage: Stage, aside: Aside = () => Promise.resolve()): Promise<Node> {
  const { provisioner, server, tell, signal } = stage;
  signal.throwIfAborted();
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
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  const over = new AbortController();
  const watched = watch(stage, provision).finally(() => over.abort());
  const besides = beside(aside, provision, AbortSignal.any([over.signal, signal]));
  try {
    // Together: what fails beside it (a second worker, say) may be what the provision waits for.
    const [node] = await Promise.all([watched, besides]);
    return node;
  } catch (error) {
    // These two say that nothing is left; another error does not.
    const isUndone = error instanceof ProvisionCancelledError || error instanceof ProvisioningError;
    if (!signal.aborted || !isUndone) throw error;
    tell('undone', 'nothing is left of it');
    throw signal.reason;
  } finally {
    signal.removeEventListener('abort', onAbort);
    over.abort();
    await besides.catch(() => undefined); // told above; what it was about to start is there to be ended now
  }
}

export function tellNode({ tell }: Stage, node: Node): void {
  tell('ready', `${node.instanceType} in ${node.region}, ${node.gpus.length} x ${node.gpus[0]?.model ?? 'no GPU'}`);
  for (const [what, value] of details(node)) tell('', `${what.padEnd(14)} ${value}`);
}

export async function endNode({ provisioner, tell }: Stage): Promise<void> {
  tell('ending', NODE);
  await provisioner.terminate({ name: NODE, reason: 'the demo is over' });
  tell('ended', 'cordoned, agent stopped, terminated, and proven gone');
}

async function watch({ tell }: Stage, provision: NodeProvision): Promise<Node> {
  const tellProgress = progressTeller(tell);
  for await (const progress of provision.progress({ everyMs: LOOK_MS })) tellProgress(progress);
  return provision.ready();
}

async function beside(aside: Aside, provision: NodeProvision, signal: AbortSignal): Promise<void> {
  const until: Until = async (look) => {
    for (;;) {
      signal.throwIfAborted();
      const seen = await look();
      if (seen !== undefined) return seen;
      await sleep(LOOK_MS);
    }
  };
  try {
    await aside(until, provision);
  } catch (error) {
    if (error !== signal.reason) throw error;
  }
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
