import {
  WithStartWorkflowOperation,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type WorkflowHandle,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { acceptUpdate, type Accepted } from '../contract/messages.ts';
import type { Node, ProvisionNodeRequest } from '../contract/provision-node.ts';
import { summaryOf } from '../contract/summary.ts';
import { provisionNodeId, WORKFLOW_TYPE } from '../contract/workflow-ids.ts';
import { isFailureType } from '../domain/failures.ts';
import { requireWorker, TAKE_UP_WITHIN_MS, type Caller } from './caller.ts';
import { NoWorkerError } from './errors.ts';

/**
 * P9. Starts the provision, or joins the one in progress if that works on the same request. Returns when it is known
 * that the name is free for this request. @throws NameConflictError when it, or a living node, holds the name for another; NoWorkerError, before anything is started where that can be known.
 */
export async function acceptProvision(caller: Caller, request: ProvisionNodeRequest): Promise<Accepted> {
  const { client, taskQueue } = caller;
  const workflowId = provisionNodeId(request.name);
  const startWorkflowOperation = new WithStartWorkflowOperation<(input: ProvisionNodeRequest) => Promise<Node>>(
    WORKFLOW_TYPE.provisionNode,
    {
      workflowId,
      taskQueue,
      args: [request],
      workflowIdConflictPolicy: 'USE_EXISTING',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      staticSummary: summaryOf(request),
    },
  );
  await requireWorker(caller);
  return caller.ask(workflowId, async () => {
    try {
      return await client.withDeadline(Date.now() + TAKE_UP_WITHIN_MS, () =>
        client.workflow.executeUpdateWithStart(acceptUpdate, { args: [request], startWorkflowOperation }),
      );
    } catch (error) {
      if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) {
        throw new NoWorkerError(taskQueue, { ...caller.place(workflowId), cause: error });
      }
      if (error instanceof WorkflowUpdateFailedError && !isOurs(error.cause)) {
        await failIfEnded(await startWorkflowOperation.workflowHandle());
      }
      throw error;
    }
  });
}

/** A provision that ends before it can answer (its worker's rules are stricter than ours) says why in its own failure. */
async function failIfEnded(handle: WorkflowHandle): Promise<void> {
  const { status } = await handle.describe();
  if (status.name === 'FAILED') await handle.result();
}

function isOurs(cause: Error | undefined): boolean {
  return cause instanceof ApplicationFailure && isFailureType(cause.type);
}
