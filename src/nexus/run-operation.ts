import { WorkflowNotFoundError } from '@temporalio/client';
import { getClient, type WorkflowHandle } from '@temporalio/nexus';
import {
  HandlerError,
  HandlerStartOperationResult,
  type OperationHandler,
  type StartOperationContext,
} from 'nexus-rpc';

/** The run of a workflow that an operation waits for. */
export interface BackingRun {
  readonly workflowId: string;
  readonly runId: string;
}

/**
 * An operation that ends as the run does which `begin` started or joined. The SDK's own handler remembers the workflow id only, and would
 * cancel whatever runs under it by then: of a name that was asked for again, somebody else's node. This one remembers the run.
 */
export function runOperation<I, O>(
  begin: (context: StartOperationContext, input: I) => Promise<WorkflowHandle<O>>,
): OperationHandler<I, O> {
  return {
    async start(context, input) {
      return HandlerStartOperationResult.async(tokenOf(backingRun(await begin(context, input))));
    },
    async cancel(_context, token) {
      await cancelRun(readToken(token));
    },
  };
}

export function backingRun({ workflowId, runId }: WorkflowHandle<unknown>): BackingRun {
  if (runId === undefined) throw new HandlerError('INTERNAL', `Temporal named no run of ${workflowId}`);
  return { workflowId, runId };
}

async function cancelRun({ workflowId, runId }: BackingRun): Promise<void> {
  const { workflow } = getClient();
  try {
    // It may have continued as new since; the first run's id names the chain.
    const { raw, status } = await workflow.getHandle(workflowId, runId).describe();
    if (status.name !== 'RUNNING' && status.name !== 'CONTINUED_AS_NEW') return;
    const firstExecutionRunId = raw.workflowExecutionInfo?.firstRunId ?? runId;
    await workflow.getHandle(workflowId, undefined, { firstExecutionRunId }).cancel();
  } catch (error) {
    // It has ended meanwhile: there is nothing to cancel, and the operation hears of its end.
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}

function tokenOf(run: BackingRun): string {
  return Buffer.from(JSON.stringify(run)).toString('base64url');
}

function readToken(token: string): BackingRun {
  try {
    const run: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
    if (isBackingRun(run)) return run;
  } catch {
    // Said below.
  }
  throw new HandlerError('BAD_REQUEST', 'the operation token is not one of navarch-provisioner');
}

function isBackingRun(value: unknown): value is BackingRun {
  const run = value as Partial<BackingRun> | null;
  return typeof run === 'object' && typeof run?.workflowId === 'string' && typeof run.runId === 'string';
}
