import { createNexusServiceClient } from '@temporalio/workflow';
import { operation, service } from 'nexus-rpc';
import { provisionerService } from '../../../src/contract/nexus.ts';
import type { Node, ProvisionNodeRequest } from '../../../src/contract/provision-node.ts';
import type { TerminatedNode, TerminateNodeRequest } from '../../../src/contract/terminate-node.ts';

// Workflows of another team, in another namespace: of ours they know the service, and the name of an endpoint.

function provisioner(endpoint: string) {
  return createNexusServiceClient({ endpoint, service: provisionerService });
}

export async function wantNode(endpoint: string, request: ProvisionNodeRequest): Promise<Node> {
  return provisioner(endpoint).executeOperation('provisionNode', request);
}

export async function wantNoNode(endpoint: string, request: TerminateNodeRequest): Promise<TerminatedNode> {
  return provisioner(endpoint).executeOperation('terminateNode', request);
}

/** As `late-cancel.ts` serves it; a workflow cannot import that file. */
const lateCancel = service('late-cancel', { cancel: operation<string, null>() });

export async function cancelLate(endpoint: string, token: string): Promise<void> {
  await createNexusServiceClient({ endpoint, service: lateCancel }).executeOperation('cancel', token);
}
