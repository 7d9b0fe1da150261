import type { WorkflowExecutionDescription } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import type { Caller } from './caller.ts';
import { described } from './node-status.ts';

// Of the server's API, as a number, because the package that names it is a large one for a constant.
// eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment
const CLOSE_EVENT = 2 as temporal.api.enums.v1.HistoryEventFilterType;

/**
 * The last of the runs that continue this one as new, or this one itself: the workflow's latest run may be that of somebody who used the id
 * again.
 */
export async function lastOfChain(caller: Caller, workflowId: string, runId: string): Promise<string> {
  const latest = await described(caller, workflowId);
  // Temporal may have forgotten this run, though it remembers the chain that it began.
  if (latest === undefined || latest.runId === runId) return runId;
  if (firstOf(latest) === runId) return latest.runId;
  const own = await described(caller, caller.place(workflowId, runId));
  if (own === undefined) return runId;
  if (firstOf(own) === firstOf(latest)) return latest.runId;
  let last = runId;
  for (;;) {
    const next = await successorOf(caller, workflowId, last);
    if (next === undefined) return last;
    last = next;
  }
}

function firstOf({ raw, runId }: WorkflowExecutionDescription): string {
  const firstRunId = raw.workflowExecutionInfo?.firstRunId;
  return firstRunId === undefined || firstRunId === null || firstRunId === '' ? runId : firstRunId;
}

/** Of a run that has ended: its last event names the one that continues it. */
async function successorOf(caller: Caller, workflowId: string, runId: string): Promise<string | undefined> {
  const { client } = caller;
  const { namespace } = client.options;
  const { history } = await caller.ask(caller.place(workflowId, runId), () =>
    client.workflowService.getWorkflowExecutionHistory({
      namespace,
      execution: { workflowId, runId },
      historyEventFilterType: CLOSE_EVENT,
    }),
  );
  const closing = history?.events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes;
  return closing?.newExecutionRunId ?? undefined;
}
