import { WithStartWorkflowOperation, WorkflowUpdateRPCTimeoutOrCancelledError } from '@temporalio/client';
import { acceptUpdate, type Accepted } from '../contract/messages.ts';
import type { Node, ProvisionNodeRequest } from '../contract/provision-node.ts';
import { provisionNodeId, WORKFLOW_TYPE } from '../contract/workflow-ids.ts';
import { requireWorker, TAKE_UP_WITHIN_MS, type Caller } from './caller.ts';
import { NoWorkerError } from './errors.ts';
import { unwrapped } from './unwrap.ts';

/**
 * P9. Starts the provision, or joins the one in progress if that works on the same request. Returns when a worker has accepted it.
 * @throws NameConflictError when it works on another; NoWorkerError, before anything is started where that can be known.
 */
export async function acceptProvision(caller: Caller, request: ProvisionNodeRequest): Promise<Accepted> {
  const { client, taskQueue } = caller;
  const workflowId = provisionNodeId(request.name);
  await requireWorker(caller);
  return unwrapped({ workflowId, taskQueue }, async () => {
    try {
      return await client.withDeadline(Date.now() + TAKE_UP_WITHIN_MS, () =>
        client.workflow.executeUpdateWithStart(acceptUpdate, {
          args: [request],
          startWorkflowOperation: new WithStartWorkflowOperation<(input: ProvisionNodeRequest) => Promise<Node>>(
            WORKFLOW_TYPE.provisionNode,
            {
              workflowId,
              taskQueue,
              args: [request],
              workflowIdConflictPolicy: 'USE_EXISTING',
              workflowIdReusePolicy: 'ALLOW_DUPLICATE',
              staticSummary: summaryOf(request),
            },
          ),
        }),
      );
    } catch (error) {
      if (!(error instanceof WorkflowUpdateRPCTimeoutOrCancelledError)) throw error;
      throw new NoWorkerError(taskQueue, { workflowId, cause: error });
    }
  });
}

/** One line for the Temporal UI: what is wanted. The server takes 400 bytes. */
export function summaryOf({ instanceType, region }: ProvisionNodeRequest): string {
  const where = region === undefined ? 'any region' : list(region);
  const line = `${list(instanceType)} in ${where}`;
  return line.length <= 120 ? line : `${line.slice(0, 119)}…`;
}

function list(value: string | readonly string[]): string {
  return typeof value === 'string' ? value : value.join(' or ');
}
