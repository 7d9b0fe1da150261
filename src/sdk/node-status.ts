import { isGrpcDeadlineError, type WorkflowExecutionDescription } from '@temporalio/client';
import type { QueryDefinition } from '@temporalio/common';
import { WorkflowNotFoundError } from '@temporalio/common';
import { waitingLineQuery } from '../contract/account-broker.ts';
import { keptNodeQuery, progressQuery, type Progress as OwnersProgress } from '../contract/messages.ts';
import type { Node } from '../contract/provision-node.ts';
import { accountOf } from '../contract/task-queues.ts';
import { accountBrokerId, keepNodeId, provisionNodeId } from '../contract/workflow-ids.ts';
import type { Phase } from '../domain/phases.ts';
import type { Caller } from './caller.ts';
import { NoWorkerError } from './errors.ts';
import { messageOf } from './failure-message.ts';
import type { WorkflowPlace } from './temporal-ui.ts';

/** Where a node is by its owner's word, and what Temporal knows of the step in hand. */
export interface Progress extends OwnersProgress {
  /** Why the step in hand had to be repeated: the last failure of an attempt that was not an ordinary "not yet"; of one that waits for capacity, what keeps the account from being looked at. */
  readonly trouble?: string;
}

/** A node as its owner tells it: the provision in progress, or the keeper. */
export interface NodeStatus {
  readonly name: string;
  readonly phase: Phase;
  /** Its owner. */
  readonly workflowId: string;
  readonly runId: string;
  readonly progress: Progress;
  /** Once it is ready. */
  readonly node?: Node;
}

// A worker answers within milliseconds. A server that knows of none says so; one whose worker died lets the query wait.
const QUERY_WITHIN_MS = 10_000;

/** Undefined: the name is neither being provisioned nor kept. @throws NoWorkerError: only a worker can answer. */
export async function readStatus(caller: Caller, name: string): Promise<NodeStatus | undefined> {
  const [provisionRun, keeperRun] = await Promise.all([
    runningRun(caller, provisionNodeId(name)),
    runningRun(caller, keepNodeId(name)),
  ]);
  if (provisionRun !== undefined) {
    const workflowId = provisionNodeId(name);
    const progress = await readProgress(caller, workflowId);
    // At the hand-over both run for a moment, and the keeper knows more.
    if (progress.phase !== 'ready' || keeperRun === undefined) {
      return { name, phase: progress.phase, workflowId, runId: provisionRun, progress };
    }
  }
  if (keeperRun === undefined) return undefined;
  const workflowId = keepNodeId(name);
  const progress = await readProgress(caller, workflowId);
  const { node } = await askWorkflow(caller, workflowId, keptNodeQuery);
  return { name, phase: progress.phase, workflowId, runId: keeperRun, progress, node };
}

/** Of a workflow's latest run, or of this one. @throws NoWorkerError: only a worker can answer; TemporalUnreachableError */
export async function readProgress(caller: Caller, workflow: string | WorkflowPlace): Promise<Progress> {
  const progress = await askWorkflow(caller, workflow, progressQuery);
  const trouble =
    (await troubleOf(caller, await described(caller, workflow))) ?? (await troubleOfLine(caller, progress));
  return trouble === undefined ? progress : { ...progress, trouble };
}

/** Who waits for capacity does not ask Lambda itself: what the broker meets is why it waits. Nothing, where no broker says. */
async function troubleOfLine(caller: Caller, { phase }: OwnersProgress): Promise<string | undefined> {
  if (phase !== 'waiting_for_capacity') return undefined;
  const workflowId = accountBrokerId(accountOf(caller.taskQueue));
  const nobody = { name: '', most: 0 };
  const line = await askWorkflow(caller, workflowId, waitingLineQuery, nobody).catch(() => undefined);
  return line?.trouble;
}

/** temporal.api.enums.v1.ApplicationErrorCategory: a failure that is part of the plan. */
const BENIGN = 1;

async function troubleOf(
  { client }: Caller,
  description: WorkflowExecutionDescription | undefined,
): Promise<string | undefined> {
  const failures = description?.raw.pendingActivities?.flatMap(({ lastFailure }) => lastFailure ?? []) ?? [];
  const real = failures.find(
    ({ applicationFailureInfo }) => (applicationFailureInfo?.category as number | undefined) !== BENIGN,
  );
  return real === undefined ? undefined : messageOf(client, real);
}

/** Asks the workflow's latest run, or this one. */
export async function askWorkflow<T, Args extends unknown[]>(
  caller: Caller,
  workflow: string | WorkflowPlace,
  query: QueryDefinition<T, Args>,
  ...args: Args
): Promise<T> {
  const { client, taskQueue } = caller;
  const { workflowId, runId } = placeOf(caller, workflow);
  return caller.ask(workflow, async () => {
    try {
      return await client.withDeadline(Date.now() + QUERY_WITHIN_MS, () =>
        client.workflow.getHandle(workflowId, runId).query(query, ...args),
      );
    } catch (error) {
      if (error instanceof Error && isGrpcDeadlineError(error.cause))
        throw new NoWorkerError(taskQueue, { cause: error });
      throw error;
    }
  });
}

/** The id of the latest run, running or not. */
export async function latestRun(caller: Caller, workflowId: string): Promise<string | undefined> {
  return (await described(caller, workflowId))?.runId;
}

/** The id of the latest run, if it runs. */
export async function runningRun(caller: Caller, workflowId: string): Promise<string | undefined> {
  const found = await described(caller, workflowId);
  return found?.status.name === 'RUNNING' ? found.runId : undefined;
}

/** Its latest run, or this one. Undefined: Temporal does not know it, or no longer. */
export async function described(
  caller: Caller,
  workflow: string | WorkflowPlace,
): Promise<WorkflowExecutionDescription | undefined> {
  const { workflowId, runId } = placeOf(caller, workflow);
  return caller.ask(workflow, async () => {
    try {
      return await caller.unread.workflow.getHandle(workflowId, runId).describe();
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw error;
    }
  });
}

function placeOf(caller: Caller, workflow: string | WorkflowPlace): WorkflowPlace {
  return typeof workflow === 'string' ? caller.place(workflow) : workflow;
}
