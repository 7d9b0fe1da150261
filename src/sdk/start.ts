import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { requireWorker, type Caller } from './caller.ts';

export interface Start {
  readonly workflowId: string;
  /** The workflow's one argument; left out where it takes none. */
  readonly request?: unknown;
  /** One line for the Temporal UI. */
  readonly summary?: string;
  /** Given up by Temporal after so long. Default: never. */
  readonly withinMs?: number;
}

/** Starts a workflow, or joins the one of that id which runs. @throws NoWorkerError before anything is started that nobody would take up */
export async function startOrJoin(
  caller: Caller,
  workflowType: string,
  { workflowId, request, summary, withinMs }: Start,
): Promise<WorkflowHandleWithFirstExecutionRunId> {
  const { client, taskQueue } = caller;
  await requireWorker(caller);
  return caller.ask(workflowId, () =>
    client.workflow.start(workflowType, {
      workflowId,
      taskQueue,
      args: request === undefined ? [] : [request],
      workflowIdConflictPolicy: 'USE_EXISTING',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      ...(summary === undefined ? {} : { staticSummary: summary }),
      ...(withinMs === undefined ? {} : { workflowExecutionTimeout: withinMs }),
    }),
  );
}
