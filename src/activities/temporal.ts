import { type WorkflowExecutionDescription, WorkflowNotFoundError } from '@temporalio/client';
import { ownedTokens } from '../contract/memo.ts';
import { keptNodeQuery } from '../contract/messages.ts';
import { SEARCH_ATTRIBUTE } from '../contract/search-attributes.ts';
import { keepNodeId, provisionNodeId } from '../contract/workflow-ids.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { notYet } from './failures.ts';
import type { KeeperReference, RunReference, TemporalActivities } from './types.ts';

/** A keeper answers its query in milliseconds; one that does not has no worker, or a failing task. */
const QUERY_DEADLINE_MS = 10_000;

/** Questions about our own workflows. Temporal knows which owners run: this costs no Lambda request (P9). */
export function createTemporalActivities({ temporal }: ActivityDependencies): TemporalActivities {
  async function runningRun(
    workflowId: string,
  ): Promise<{ run: RunReference; description: WorkflowExecutionDescription } | undefined> {
    try {
      const description = await describe({ workflowId });
      const { runId, status, raw } = description;
      const firstRunId = raw.workflowExecutionInfo?.firstRunId ?? runId;
      return status.name === 'RUNNING' ? { run: { workflowId, runId, firstRunId }, description } : undefined;
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw error;
    }
  }

  return {
    async lookUpKeeper({ name }) {
      const found = await runningRun(keepNodeId(name));
      if (found === undefined) return { kind: 'none' };
      const { run } = found;
      const handle = temporal.workflow.getHandle(run.workflowId, run.runId);
      const kept = await temporal.withDeadline(Date.now() + QUERY_DEADLINE_MS, () => handle.query(keptNodeQuery));
      return { kind: 'running', run, kept };
    },

    async lookUpOwners({ name }) {
      const provision = await runningRun(provisionNodeId(name));
      const keeper = await runningRun(keepNodeId(name));
      return {
        ...(provision === undefined ? {} : { provision: provision.run }),
        ...(keeper === undefined ? {} : { keeper: keeperReference(keeper) }),
      };
    },

    async cancelRun({ run: { workflowId, firstRunId } }) {
      try {
        await temporal.workflow.getHandle(workflowId, undefined, { firstExecutionRunId: firstRunId }).cancel();
      } catch (error) {
        // It closed meanwhile: how, the look that follows tells.
        if (!(error instanceof WorkflowNotFoundError)) throw error;
      }
    },

    async awaitClosed({ run }) {
      // Of a run that continued as new, what it continued as counts: the chain has one first run.
      const { firstRunId } = run;
      const latest = await describe({ workflowId: run.workflowId });
      const isSameChain = latest.raw.workflowExecutionInfo?.firstRunId === firstRunId;
      const { status } = isSameChain ? latest : await describe(run);
      if (status.name === 'RUNNING') throw notYet('provider_unavailable', `${run.workflowId} is still running`);
      return { status: status.name };
    },
  };

  function describe({ workflowId, runId }: { readonly workflowId: string; readonly runId?: string }) {
    return temporal.workflow.getHandle(workflowId, runId).describe();
  }
}

function keeperReference({
  run,
  description,
}: {
  run: RunReference;
  description: WorkflowExecutionDescription;
}): KeeperReference {
  const tokens = ownedTokens(description.memo);
  const instanceId = description.typedSearchAttributes.get(SEARCH_ATTRIBUTE.instanceId);
  return { ...run, ...(tokens === undefined ? {} : { tokens }), ...(instanceId === undefined ? {} : { instanceId }) };
}
