import {
  CancellationScope,
  ParentClosePolicy,
  ChildWorkflowCancellationType,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { KeepNodeInput } from '../contract/kept-node.ts';
import { LAUNCHED_BY, OWNED_INSTANCE, OWNED_TOKENS } from '../contract/memo.ts';
import { labelsAttribute, SEARCH_ATTRIBUTE } from '../contract/search-attributes.ts';
import { keepNodeId, WORKFLOW_TYPE } from '../contract/workflow-ids.ts';
import { temporal } from './activities.ts';
import { failure } from './failures.ts';
import type { keepNode } from './keep-node.ts';
import type { Launched } from './launch.ts';

/**
 * Makes the keeper the owner of the node (P13). Not cancellable, and the undo is disarmed only when the keeper has started: one that is
 * merely initiated is never started if its parent closes. The token is in the keeper's memo from its start options, so it is owned before
 * the keeper's first task.
 */
export async function handOver(
  launched: Pick<Launched, 'launchToken' | 'disarm'>,
  input: KeepNodeInput,
): Promise<void> {
  const { name, pool, labels, instanceType, region, instanceId } = input.node;
  await CancellationScope.nonCancellable(async () => {
    try {
      await startChild<typeof keepNode>(WORKFLOW_TYPE.keepNode, {
        workflowId: keepNodeId(name),
        args: [input],
        memo: {
          [OWNED_TOKENS]: [launched.launchToken],
          [OWNED_INSTANCE]: instanceId,
          [LAUNCHED_BY]: workflowInfo().firstExecutionRunId,
        },
        parentClosePolicy: ParentClosePolicy.ABANDON,
        cancellationType: ChildWorkflowCancellationType.ABANDON,
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        staticSummary: `keeps ${name}: ${instanceType} in ${region}`,
        typedSearchAttributes: [
          { key: SEARCH_ATTRIBUTE.node, value: name },
          { key: SEARCH_ATTRIBUTE.phase, value: 'ready' },
          { key: SEARCH_ATTRIBUTE.instanceType, value: instanceType },
          { key: SEARCH_ATTRIBUTE.region, value: region },
          { key: SEARCH_ATTRIBUTE.instanceId, value: instanceId },
          ...(pool === undefined ? [] : [{ key: SEARCH_ATTRIBUTE.pool, value: pool }]),
          ...labelsAttribute(labels),
        ],
      });
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      // After a reset, or a repeated step, the keeper that runs may be the one we started.
      // Temporal itself is asked, by the keeper's memo: a keeper whose worker is away must not cost the node it keeps (P13).
      // And one whose memo this worker cannot decrypt is waited for: it may be ours.
      const { keeper } = await temporal('whose keeper runs already').lookUpOwners({ name, tokensNeeded: true });
      if (keeper?.tokens?.includes(launched.launchToken) !== true) {
        throw failure(
          'name_conflict',
          `name: ${keepNodeId(name)} already keeps another machine (run ${workflowInfo().runId} gives way)`,
          { cause: error },
        );
      }
    }
    launched.disarm();
  });
}
