import { expect, test } from 'vitest';
import { cancelled } from '../../../src/cli/commands/cancel.ts';
import {
  CapacityUnavailableError,
  NodeNotFoundError,
  ProvisionCancelledError,
  TemporalUnreachableError,
  type Node,
  type NodeStatus,
} from '../../../src/sdk/index.ts';

const FAILED = new CapacityUnavailableError('no capacity');
const NODE = {} as Node;

/** What `cancel trainer-1` comes to when the provision ends so, and the name is this then. */
async function outcome(end: Error | Node, now?: Pick<NodeStatus, 'phase' | 'node'>): Promise<unknown> {
  const ready = (): Promise<Node> => (end instanceof Error ? Promise.reject(end) : Promise.resolve(end));
  const status = now as NodeStatus | undefined;
  return cancelled({ get: () => Promise.resolve(status) }, 'trainer-1', { ready }).catch((error: unknown) => error);
}

test('a provision that is cancelled is what was wanted; that nobody knows is neither', async () => {
  expect(await outcome(new ProvisionCancelledError('cancelled'))).toBeUndefined();
  const away = new TemporalUnreachableError('away');
  expect(await outcome(away)).toBe(away);
});

test.each<[string, Error | Node, Pick<NodeStatus, 'phase' | 'node'> | undefined, string]>([
  ['is ready', NODE, { phase: 'ready', node: NODE }, 'it is ready; navarch-provisioner terminate trainer-1 ends it'],
  ['was refused beside the node', FAILED, { phase: 'ready', node: NODE }, 'it is ready; navarch-provisioner terminate'],
  ['is being ended', NODE, { phase: 'ending', node: NODE }, 'it is ending'],
  ['had failed', FAILED, undefined, 'its last provision failed: no capacity'],
  ['was ready and is gone', NODE, undefined, 'no node trainer-1 is being provisioned'],
])('one that %s is not being provisioned', async (_how, end, now, says) => {
  const error = await outcome(end, now);
  expect(error).toBeInstanceOf(NodeNotFoundError);
  expect(String(error)).toContain('no node trainer-1 is being provisioned');
  expect(String(error)).toContain(says);
});

test('a new provision of the name is not said to be ready', async () => {
  const error = await outcome(FAILED, { phase: 'waiting_for_capacity' });
  expect(error).toBeInstanceOf(NodeNotFoundError);
  expect(String(error)).not.toContain('ready');
  expect(String(error)).toContain(
    'a new one has begun (waiting for capacity): navarch-provisioner cancel trainer-1 ends that',
  );
});
