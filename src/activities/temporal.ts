import { WorkflowNotFoundError } from '@temporalio/client';
import { keptNodeQuery } from '../contract/messages.ts';
import { keepNodeId, provisionNodeId } from '../contract/workflow-ids.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { notYet } from './failures.ts';
import type { RunReference, TemporalActivities } from './types.ts';

/** A keeper answers its query in milliseconds; one that does not has no worker, or a failing task. */
const QUERY_DEADLINE_MS = 10_000;

/** Questions about our own workflows. Temporal knows which owners run: this costs no Lambda request (P9). */
export function createTemporalActivities({ temporal }: ActivityDependencies): TemporalActivities {
  async function runningRun(workflowId: string): Promise<RunReference | undefined> {
    try {
      const { runId, status } = await temporal.workflow.getHandle(workflowId).describe();
      return status.name === 'RUNNING' ? { workflowId, runId } : undefined;
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw error;
    }
  }

  return {
    async lookUpKeeper({ name }) {
      const run = await runningRun(keepNodeId(name));
      if (run === undefined) return { kind: 'none' };
      const handle = temporal.workflow.getHandle(run.workflowId, run.runId);
      const kept = await temporal.withDeadline(Date.now() + QUERY_DEADLINE_MS, () => handle.query(keptNodeQuery));
      return { kind: 'running', run, kept };
    },

    async lookUpOwners({ name }) {
      const provision = await runningRun(provisionNodeId(name));
      const keeper = await runningRun(keepNodeId(name));
      return { ...(provision === undefined ? {} : { provision }), ...(keeper === undefined ? {} : { keeper }) };
    },

    async awaitClosed({ run }) {
      // Of a run that continued as new, what it continued as counts: the chain has one first run.
      const { firstRunId } = (await describe(run)).raw.workflowExecutionInfo ?? {};
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
