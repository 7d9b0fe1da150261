import type { Client, WorkflowHandle, WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, TerminatedFailure } from '@temporalio/common';
import { progressQuery, type Progress } from '../../src/contract/messages.ts';
import type { Node } from '../../src/contract/provision-node.ts';
import { provisionNodeId } from '../../src/contract/workflow-ids.ts';

/** A provision as a service in any language starts it: plain JSON, by names. */
export type Provision = WorkflowHandleWithFirstExecutionRunId<(request: unknown) => Promise<Node>>;

let names = 0;

export function uniqueName(): string {
  names += 1;
  return `node-${process.pid}-${names}`;
}

export async function startProvision(
  client: Client,
  taskQueue: string,
  request: Readonly<Record<string, unknown>> = {},
): Promise<Provision> {
  const complete = { name: uniqueName(), instanceType: 'gpu_1x_h100_sxm5', ...request };
  return client.workflow.start<(request: unknown) => Promise<Node>>('provisionNode', {
    workflowId: provisionNodeId(complete.name),
    taskQueue,
    args: [complete],
  });
}

/** How a workflow ended badly: its failure's type, message and details; `cancelled` or `terminated` for one that was. */
export interface Ending {
  readonly type: string;
  readonly message: string;
  readonly details: readonly unknown[];
}

export async function endingOf(result: Promise<unknown>): Promise<Ending> {
  try {
    const value = await result;
    return { type: 'completed', message: JSON.stringify(value), details: [] };
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    const { cause } = error;
    if (cause instanceof TerminatedFailure) return { type: 'terminated', message: cause.message, details: [] };
    if (cause instanceof CancelledFailure) return { type: 'cancelled', message: cause.message, details: [] };
    if (cause instanceof ApplicationFailure) {
      return { type: cause.type ?? '', message: cause.message, details: cause.details ?? [] };
    }
    return { type: String(cause), message: String(cause), details: [] };
  }
}

/** Each query is a task for the worker: asked more often, a dozen of nodes would keep it busy with answering. */
const ASK_EVERY_MS = 100;

/** Asks for progress until it is as wished. The test's own timeout bounds it. @throws Error when the workflow is over before */
export async function untilProgress(
  workflow: Pick<WorkflowHandle, 'describe'> & { query(definition: typeof progressQuery): Promise<Progress> },
  wished: (progress: Progress) => boolean,
): Promise<Progress> {
  for (;;) {
    const progress = await workflow.query(progressQuery);
    if (wished(progress)) return progress;
    const { phase, failure } = progress;
    const mayBeOver = phase === 'ready' || phase === 'ended';
    if (mayBeOver && (await workflow.describe()).status.name !== 'RUNNING')
      throw new Error(`over before anybody saw it as wished: ${failure ?? phase}`);
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
  }
}
