import { ApplicationFailure } from '@temporalio/common';
import { getExternalWorkflowHandle } from '@temporalio/workflow';
import { endNodeSignal } from '../contract/messages.ts';
import { parseRequest } from '../contract/parse.ts';
import { terminateNodeRequest, type TerminatedNode, type TerminateNodeRequest } from '../contract/terminate-node.ts';
import { keepNodeId, provisionNodeId } from '../contract/workflow-ids.ts';
import type { KeeperReference, RunReference } from '../activities/types.ts';
import { parseDuration } from '../domain/durations.ts';
import { temporal } from './activities.ts';
import { failingPlainly, failure } from './failures.ts';

/**
 * Ends a node by name, wherever it is: a provision is cancelled and unwinds, a keeper is asked and ends its machine. Returns on their
 * proof. Whom it ends is captured once: a later run of the name is a newer wish. It owns nothing itself.
 */
export async function terminateNode(input: TerminateNodeRequest): Promise<TerminatedNode> {
  const request = parseRequest(terminateNodeRequest, input);
  return failingPlainly(() => terminate(request));
}

async function terminate(request: TerminateNodeRequest): Promise<TerminatedNode> {
  const { name } = request;
  const owners = await temporal('who owns the node').lookUpOwners({ name });
  if (owners.provision === undefined && owners.keeper === undefined) {
    throw failure(
      'node_not_found',
      `name: no node ${name} is being provisioned or kept (neither ${provisionNodeId(name)} nor ${keepNodeId(name)} is running)`,
    );
  }
  if (owners.provision !== undefined) {
    const status = await cancelProvision(owners.provision);
    const unwound = status === 'CANCELLED' || status === 'FAILED';
    if (!unwound && status !== 'COMPLETED') {
      throw failure(
        'provider_unavailable',
        `${owners.provision.workflowId} ended ${status}, not by its own unwinding: what it launched is left to the sweeper`,
      );
    }
    // A provision that only joined, or waited for, a keeper leaves that one to be ended.
    if (unwound && owners.keeper === undefined) return { name, outcome: 'provision_unwound' };
  }
  // It was handed over before the cancel came, or was kept all along.
  const keeper = owners.keeper ?? (await temporal('who keeps the node').lookUpOwners({ name })).keeper;
  if (keeper === undefined) return { name, outcome: 'node_ended' };
  return endKept(name, keeper, request);
}

async function cancelProvision(run: RunReference): Promise<string> {
  await temporal('cancel the provision').cancelRun({ run });
  const { status } = await temporal('until the provision has unwound').awaitClosed({ run });
  return status;
}

async function endKept(name: string, run: KeeperReference, request: TerminateNodeRequest): Promise<TerminatedNode> {
  const wish = {
    reason: request.reason ?? 'terminateNode was asked to end it',
    drainForMs: request.drainFor === undefined ? 0 : (parseDuration(request.drainFor) ?? 0),
  };
  await quietIfClosed(() => getExternalWorkflowHandle(run.workflowId).signal(endNodeSignal, wish));
  await temporal('until the keeper has ended the node').awaitClosed({ run });
  return { name, outcome: 'node_ended', ...(run.instanceId === undefined ? {} : { instanceId: run.instanceId }) };
}

/** The run may close between the look and the word: then the look that follows says how. */
async function quietIfClosed(say: () => Promise<void>): Promise<void> {
  try {
    await say();
  } catch (error) {
    const isClosed = error instanceof ApplicationFailure && error.type === 'ExternalWorkflowExecutionNotFound';
    if (!isClosed) throw error;
  }
}
