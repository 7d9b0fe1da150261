import { startWorkflow } from '@temporalio/nexus';
import { summaryLine } from '../contract/summary.ts';
import { terminateNodeRequest, type TerminatedNode, type TerminateNodeRequest } from '../contract/terminate-node.ts';
import { terminateNodeId, WORKFLOW_TYPE } from '../contract/workflow-ids.ts';
import { validInput } from './refusal.ts';
import { runOperation } from './run-operation.ts';

/** Ends a node, or joins its end in progress, whatever reason was given for that. */
export const terminateNode = runOperation<TerminateNodeRequest, TerminatedNode>(async (context, input) => {
  const request = validInput(terminateNodeRequest, input);
  return startWorkflow<(request: TerminateNodeRequest) => Promise<TerminatedNode>>(
    context,
    WORKFLOW_TYPE.terminateNode,
    {
      workflowId: terminateNodeId(request.name),
      args: [request],
      workflowIdConflictPolicy: 'USE_EXISTING',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      staticSummary: summaryLine(request.reason ?? `end ${request.name}`),
    },
  );
});
