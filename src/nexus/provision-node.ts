import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { getClient, startWorkflow } from '@temporalio/nexus';
import { provisionNodeRequest, type Node, type ProvisionNodeRequest } from '../contract/provision-node.ts';
import { refuseDifferent } from '../contract/same-request.ts';
import { summaryOf } from '../contract/summary.ts';
import { provisionNodeId, WORKFLOW_TYPE } from '../contract/workflow-ids.ts';
import { backingRun, runOperation, type BackingRun } from './run-operation.ts';
import { refusal, validInput } from './refusal.ts';

/**
 * P9. Starts the provision, or joins the one in progress if that works on the same request. `accept`, by which other callers join, cannot be
 * used: an operation is bound to a run by the start itself. So the run that was bound is asked afterwards what it was started with; of a
 * refused caller it keeps a callback that nobody takes.
 */
export const provisionNode = runOperation<ProvisionNodeRequest, Node>(async (context, input) => {
  const request = validInput(provisionNodeRequest, input);
  const handle = await startWorkflow<(request: ProvisionNodeRequest) => Promise<Node>>(
    context,
    WORKFLOW_TYPE.provisionNode,
    {
      workflowId: provisionNodeId(request.name),
      args: [request],
      workflowIdConflictPolicy: 'USE_EXISTING',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      staticSummary: summaryOf(request),
    },
  );
  const held = await requestOf(backingRun(handle));
  try {
    refuseDifferent(request, held, request.name);
  } catch (cause) {
    throw refusal('CONFLICT', cause);
  }
  return handle;
});

/** What a provision is started with: a request, or what continues one. */
type StartInput = { readonly request?: unknown } | undefined;

/** What a run works on: what it was started with, also when that was by its predecessor in continue-as-new. */
async function requestOf({ workflowId, runId }: BackingRun): Promise<unknown> {
  const { options, workflowService } = getClient();
  const { payloadCodecs } = options.loadedDataConverter;
  const { history } = await workflowService.getWorkflowExecutionHistory({
    namespace: options.namespace,
    execution: { workflowId, runId },
    maximumPageSize: 1,
  });
  const started = history?.events?.[0]?.workflowExecutionStartedEventAttributes;
  let payloads: Payload[] = started?.input?.payloads ?? [];
  for (const codec of [...payloadCodecs].reverse()) payloads = await codec.decode(payloads);
  const [payload] = payloads;
  const input = payload === undefined ? undefined : defaultPayloadConverter.fromPayload<StartInput>(payload);
  return started?.continuedExecutionRunId ? input?.request : input;
}
