import { cancellationSignal, heartbeat } from '@temporalio/activity';
import { CancelledFailure, TerminatedFailure, TimeoutFailure } from '@temporalio/common';
import { WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client';
import { keptNodeQuery } from '../contract/messages.ts';
import { keepNodeId, provisionNodeId } from '../contract/workflow-ids.ts';
import type { ActivityDependencies } from './dependencies.ts';
import type { ClosedStatus, RunReference, TemporalActivities } from './types.ts';

const HEARTBEAT_MS = 10_000;

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
      const beating = setInterval(heartbeat, HEARTBEAT_MS);
      try {
        const result = temporal.workflow.getHandle(run.workflowId, run.runId).result();
        await temporal.withAbortSignal(cancellationSignal(), () => result);
        return { status: 'COMPLETED' };
      } catch (error) {
        if (error instanceof WorkflowFailedError) return { status: closedAs(error) };
        throw error;
      } finally {
        clearInterval(beating);
      }
    },
  };
}

function closedAs(error: WorkflowFailedError): ClosedStatus {
  if (error.cause instanceof CancelledFailure) return 'CANCELLED';
  if (error.cause instanceof TerminatedFailure) return 'TERMINATED';
  if (error.cause instanceof TimeoutFailure) return 'TIMED_OUT';
  return 'FAILED';
}
