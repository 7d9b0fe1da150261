import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import { NodeProvisionerError, NoWorkerError } from './errors.ts';
import { workflowUrl, type Place, type WorkflowPlace } from './temporal-ui.ts';
import { unreadClient } from './unread-client.ts';
import { GIVEN_UP, unwrap } from './unwrap.ts';

/** Whom the SDK asks: a namespace's server, and the account's worker behind a task queue. */
export class Caller {
  readonly client: Client;
  /** The same, for what is to be found whether or not it can be read: memos are nothing to it. */
  readonly unread: Client;
  readonly taskQueue: string;
  readonly #uiUrl: string | undefined;
  readonly #open = new Map<AbortController, Promise<unknown>>();
  #closed = false;

  constructor(client: Client, taskQueue: string, uiUrl?: string) {
    this.client = client;
    this.unread = unreadClient(client);
    this.taskQueue = taskQueue;
    this.#uiUrl = uiUrl;
  }

  /** A workflow, with its address in the Temporal UI if that is known. Without a run: the latest one. */
  place(workflowId: string, runId?: string): WorkflowPlace {
    const { namespace } = this.client.options;
    const url = this.#uiUrl === undefined ? undefined : workflowUrl(this.#uiUrl, namespace, workflowId, runId);
    return { workflowId, runId, url };
  }

  /**
   * Sends what `run` sends; what Temporal throws comes out as one of our errors, about this workflow if one is named. The signal gives the
   * question up.
   */
  async ask<T>(about: string | Place | undefined, run: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const { client, taskQueue } = this;
    const place = typeof about === 'string' ? this.place(about) : about;
    if (this.#closed || signal?.aborted === true) throw new NodeProvisionerError(GIVEN_UP, place);
    // One signal a question: the connection never takes its listeners off.
    const question = new AbortController();
    const giveUp = (): void => question.abort();
    signal?.addEventListener('abort', giveUp, { once: true });
    const answer = client.connection.withAbortSignal(question.signal, run);
    this.#open.set(question, answer);
    try {
      return await answer;
    } catch (error) {
      throw unwrap(error, { ...place, taskQueue, givenUp: question.signal.aborted });
    } finally {
      signal?.removeEventListener('abort', giveUp);
      this.#open.delete(question);
    }
  }

  /** Ends the questions that are still open, then the connection: gRPC would retry them on the closed one, and throw where nobody catches. */
  async close(): Promise<void> {
    this.#closed = true;
    const answers = [...this.#open.values()];
    for (const question of this.#open.keys()) question.abort();
    await Promise.allSettled(answers);
    await this.client.connection.close();
  }
}

/** How long a worker may take to look at something new. One that polls does so within milliseconds; a busy or restarting one within seconds. */
export const TAKE_UP_WITHIN_MS = 30_000;

// Of the server's API: TaskQueueType WORKFLOW, and the mode that looks at all partitions of the queue. As numbers, because the package that
// names them is a large one for two constants.
/* eslint-disable @typescript-eslint/no-unsafe-enum-assignment */
export const WORKFLOW_TASKS = 1 as temporal.api.enums.v1.TaskQueueType;
export const ACTIVITY_TASKS = 2 as temporal.api.enums.v1.TaskQueueType;
const ALL_PARTITIONS = 1 as temporal.api.enums.v1.DescribeTaskQueueMode;
/* eslint-enable @typescript-eslint/no-unsafe-enum-assignment */

// The look at all partitions is up to five seconds old; and a worker may be about to start.
const WORKER_WITHIN_MS = 6_000;
const WORKER_LOOK_MS = 500;

/** @throws NoWorkerError before anything is started that nobody would take up. A worker that died minutes ago still counts as one. */
export async function requireWorker(caller: Caller): Promise<void> {
  const { taskQueue } = caller;
  const until = Date.now() + WORKER_WITHIN_MS;
  while (!(await caller.ask(undefined, () => isPolled(caller, taskQueue, WORKFLOW_TASKS)))) {
    if (Date.now() >= until) throw new NoWorkerError(taskQueue);
    await sleep(WORKER_LOOK_MS);
  }
}

/** The queue's first partition at this moment, or all of its partitions a moment ago. */
export async function isPolled(
  { client }: Pick<Caller, 'client'>,
  taskQueue: string,
  taskQueueType: temporal.api.enums.v1.TaskQueueType,
): Promise<boolean> {
  const queue = { namespace: client.options.namespace, taskQueue: { name: taskQueue } };
  const first = await client.workflowService.describeTaskQueue({ ...queue, taskQueueType });
  if (first.pollers.length > 0) return true;
  const all = await client.workflowService.describeTaskQueue({
    ...queue,
    apiMode: ALL_PARTITIONS,
    taskQueueTypes: [taskQueueType],
    reportPollers: true,
  });
  return Object.values(all.versionsInfo).some((version) =>
    Object.values(version.typesInfo ?? {}).some((type) => (type.pollers ?? []).length > 0),
  );
}

/**
 * A workflow's result. @throws NoWorkerError when no worker has looked at it within the time for that. It stays started, which is worth
 * saying of a wish, not of a question. The signal ends the wait, not the workflow.
 */
export async function resultOf<T>(
  caller: Caller,
  handle: WorkflowHandleWithFirstExecutionRunId,
  asked: 'wish' | 'question',
  signal?: AbortSignal,
): Promise<T> {
  const place = caller.place(handle.workflowId, handle.firstExecutionRunId);
  const untilEnd = async (): Promise<T> => {
    const result = handle.result() as Promise<T>;
    const clock = new AbortController();
    try {
      const late = sleep(TAKE_UP_WITHIN_MS, 'late' as const, { signal: clock.signal }).catch(() => 'settled' as const);
      const settled = result.then(
        () => 'settled' as const,
        () => 'settled' as const,
      );
      // Started and its first task scheduled: two events. A third is a worker's.
      if ((await Promise.race([settled, late])) === 'late' && (await handle.describe()).historyLength <= 2) {
        throw new NoWorkerError(caller.taskQueue, asked === 'wish' ? place : {});
      }
      return await result;
    } finally {
      clock.abort();
    }
  };
  return caller.ask(place, untilEnd, signal);
}
