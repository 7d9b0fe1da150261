import { WorkflowNotFoundError } from '@temporalio/client';
import { endNodeSignal, keptNodeQuery } from '../contract/messages.ts';
import { keepNodeId, provisionNodeId } from '../contract/workflow-ids.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { notYet } from './failures.ts';
import { describeOwners, runningOwner, withoutMemos, type OwnerView } from './owners.ts';
import type { KeeperReference, RunReference, TemporalActivities } from './types.ts';

/** A keeper answers its query in milliseconds; one that does not has no worker, or a failing task. */
const QUERY_DEADLINE_MS = 10_000;

/** Questions about our own workflows. Temporal knows which owners run: this costs no Lambda request (P9). */
export function createTemporalActivities({ temporal }: ActivityDependencies): TemporalActivities {
  const runs = withoutMemos(temporal);
  return {
    async lookUpKeeper({ name }) {
      const found = await runningOwner(temporal, keepNodeId(name));
      if (found === undefined) return { kind: 'none' };
      const run = runOf(found);
      const handle = temporal.workflow.getHandle(run.workflowId, run.runId);
      const kept = await temporal.withDeadline(Date.now() + QUERY_DEADLINE_MS, () => handle.query(keptNodeQuery));
      return { kind: 'running', run, kept };
    },

    async lookUpOwners({ name, tokensNeeded = false }) {
      const { provision, keeper } = await describeOwners(temporal, name);
      if (tokensNeeded && keeper?.tokens === 'unreadable')
        throw notYet('provider_unavailable', `what ${keepNodeId(name)} keeps cannot be read from its memo`);
      return {
        ...(provision === undefined ? {} : { provision: runOf(provision) }),
        ...(keeper === undefined ? {} : { keeper: keeperOf(keeper) }),
      };
    },

    async lookUpLastEnds({ name }) {
      return { provision: await statusOf(provisionNodeId(name)), keeper: await statusOf(keepNodeId(name)) };
    },

    async cancelRun({ run: { workflowId, firstRunId } }) {
      try {
        await temporal.workflow.getHandle(workflowId, undefined, { firstExecutionRunId: firstRunId }).cancel();
      } catch (error) {
        // It closed meanwhile: how, the look that follows tells.
        if (!(error instanceof WorkflowNotFoundError)) throw error;
      }
    },

    async askToEnd({ run, wish }) {
      const now = await runningOwner(temporal, run.workflowId);
      // A keeper of a later node is a newer wish, which is not ours to end.
      if (now?.firstRunId !== run.firstRunId) return;
      try {
        await temporal.workflow.getHandle(now.workflowId, now.runId).signal(endNodeSignal, wish);
      } catch (error) {
        if (!(error instanceof WorkflowNotFoundError)) throw error;
        // It closed, or continued as new, between the look and the word: the next attempt knows which.
        throw notYet('provider_unavailable', `${now.workflowId} closed or continued as new just now`);
      }
    },

    async awaitClosed({ run }) {
      // Of a run that continued as new, what it continued as counts: the chain has one first run.
      const { firstRunId } = run;
      try {
        const latest = await describe({ workflowId: run.workflowId });
        const isSameChain = latest.raw.workflowExecutionInfo?.firstRunId === firstRunId;
        const { status, closeTime } = isSameChain ? latest : await describe(run);
        if (closeTime === undefined) throw notYet('provider_unavailable', `${run.workflowId} is still running`);
        return { status: status.name };
      } catch (error) {
        // Closed, and forgotten before anybody looked: how it ended nobody can say.
        if (error instanceof WorkflowNotFoundError) return { status: 'UNKNOWN' };
        throw error;
      }
    },
  };

  function describe({ workflowId, runId }: { readonly workflowId: string; readonly runId?: string }) {
    return runs.workflow.getHandle(workflowId, runId).describe();
  }

  async function statusOf(workflowId: string): Promise<string | undefined> {
    try {
      return (await describe({ workflowId })).status.name;
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw error;
    }
  }
}

function runOf({ workflowId, runId, firstRunId }: OwnerView): RunReference {
  return { workflowId, runId, firstRunId };
}

function keeperOf(owner: OwnerView): KeeperReference {
  const { tokens, instanceId, launchedBy } = owner;
  return {
    ...runOf(owner),
    ...(tokens === 'unreadable' ? {} : { tokens }),
    ...(instanceId === undefined ? {} : { instanceId }),
    ...(launchedBy === undefined ? {} : { launchedBy }),
  };
}
