import { CancellationScope, isCancellation, log, sleep } from '@temporalio/workflow';
import type { EndWish } from '../contract/messages.ts';
import type { Node } from '../contract/provision-node.ts';
import { LEAVE_NAVARCH_MS } from '../domain/deadlines.ts';
import { host } from './activities.ts';
import { messageOf } from './failures.ts';

/**
 * Tells Navarch that nothing should be scheduled on the node any more, gives running work its time, and stops the agent so that it does not
 * come back. A courtesy with a deadline: the end of a node depends neither on Navarch nor on SSH.
 */
export async function leaveNavarch(node: Node, wish: EndWish): Promise<void> {
  const { nodeId } = node;
  const { address, launchToken, hostKeyFingerprint } = node;
  const machine = { address, launchToken, hostKeyFingerprint, isTrusted: node.hostKey === 'trust-first' };
  let until = Date.now() + LEAVE_NAVARCH_MS;
  const left = (): { withinMs: number } => ({ withinMs: until - Date.now() });
  await CancellationScope.nonCancellable(async () => {
    await courtesy('cordon', () => host('cordon the node in Navarch', left()).markNode({ nodeId, command: 'cordon' }));
    await courtesy('drain', () => host('drain the node in Navarch', left()).markNode({ nodeId, command: 'drain' }));
    if (wish.drainForMs > 0) await sleep(wish.drainForMs, { summary: 'let running work end' });
    until += wish.drainForMs;
    await courtesy('stop the agent', () => host('stop navarch-node', left()).stopAgent(machine));
    // Draining leaves the record DRAINING; it stays CORDONED, so that nothing is scheduled on a machine that is gone.
    await courtesy('cordon', () => host('leave the node cordoned', left()).markNode({ nodeId, command: 'cordon' }));
  });
}

async function courtesy(what: string, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (isCancellation(error)) throw error;
    log.warn('left undone while ending the node', { what, reason: messageOf(error) });
  }
}
