import { operation, service } from 'nexus-rpc';
import type { Node, ProvisionNodeRequest } from './provision-node.ts';
import { mainTaskQueue } from './task-queues.ts';
import type { TerminatedNode, TerminateNodeRequest } from './terminate-node.ts';

/**
 * What other namespaces call through a Nexus endpoint: they know neither our workflows nor our ids. An operation ends as its workflow does,
 * with the same result or the same failure `type`; input that can never work is refused with BAD_REQUEST, whose message names the fields.
 * Cancelling `provisionNode` undoes the provision, for everybody who joined it.
 */
export const provisionerService = service('navarch-provisioner', {
  provisionNode: operation<ProvisionNodeRequest, Node>(),
  terminateNode: operation<TerminateNodeRequest, TerminatedNode>(),
});

/** The endpoint under which an account's callers find the service, unless an administrator chose another. */
export function nexusEndpointName(account: string | undefined): string {
  return mainTaskQueue(account);
}
