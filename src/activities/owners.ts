import { Client, ServiceError, WorkflowNotFoundError, type WorkflowExecutionDescription } from '@temporalio/client';
import { dueBy, launchedBy, OWNED_TOKENS, ownedInstance, ownedTokens } from '../contract/memo.ts';
import { unread } from '../contract/unread.ts';
import { keepNodeId, provisionNodeId } from '../contract/workflow-ids.ts';
import type { RunningOwner } from '../domain/orphan-verdict.ts';
import type { RunReference } from './types.ts';

/** A running owner, as Temporal itself shows it: no worker is asked. */
export interface OwnerView extends RunningOwner, RunReference {
  readonly dueBy?: number;
  /** Of a keeper: first run of the workflow that handed the node to it. */
  readonly launchedBy?: string;
  /** Attempts of its workflow task in hand; 0 when there is none. */
  readonly taskAttempts: number;
  /** It was started and never got a first workflow task: it sleeps until something signals it. */
  readonly isAsleep: boolean;
}

/** The same Temporal, where nothing is asked for that may be encrypted: a memo that cannot be read does not keep a run from being found. */
export function withoutMemos({ connection, options }: Client): Client {
  const { namespace, interceptors, loadedDataConverter } = options;
  return new Client({ connection, namespace, interceptors, dataConverter: unread(loadedDataConverter.payloadCodecs) });
}

/** Who runs for a name: the provision is asked for first, so that a hand-over between the two questions is not missed. */
export async function describeOwners(
  temporal: Client,
  name: string,
): Promise<{ readonly provision?: OwnerView; readonly keeper?: OwnerView }> {
  const provision = await runningOwner(temporal, provisionNodeId(name));
  const keeper = await runningOwner(temporal, keepNodeId(name));
  return { ...(provision === undefined ? {} : { provision }), ...(keeper === undefined ? {} : { keeper }) };
}

/** Whether Temporal still shows this run, running or closed. */
export async function isRunKnown(temporal: Client, workflowId: string, runId: string): Promise<boolean> {
  return (await describeRun(temporal, workflowId, runId)) !== undefined;
}

/** Whether the latest run of this id, running or closed, lists or listed the token, or belongs to the chain that began with the run. */
export async function isKnownToLatest(
  temporal: Client,
  workflowId: string,
  { runId, launchToken = '' }: { readonly runId?: string; readonly launchToken?: string },
): Promise<boolean> {
  const look = await describeRun(temporal, workflowId);
  if (look === undefined) return false;
  if (runId !== undefined && look.raw.workflowExecutionInfo?.firstRunId === runId) return true;
  return look.memo !== 'unreadable' && ownedTokens(look.memo)?.includes(launchToken) === true;
}

export async function runningOwner(temporal: Client, workflowId: string): Promise<OwnerView | undefined> {
  const look = await describeRun(temporal, workflowId);
  const info = look?.raw.workflowExecutionInfo;
  const runId = info?.execution?.runId ?? '';
  if (look === undefined || !isOpen(info?.status) || runId === '') return undefined;
  const memo = look.memo === 'unreadable' ? undefined : look.memo;
  const due = dueBy(memo);
  const instanceId = ownedInstance(memo);
  const handedOverBy = launchedBy(memo);
  const firstRunId = info?.firstRunId ?? '';
  return {
    workflowId,
    runId,
    firstRunId: firstRunId === '' ? runId : firstRunId,
    tokens: look.memo === 'unreadable' ? 'unreadable' : tokensOf(workflowId, memo),
    taskAttempts: look.raw.pendingWorkflowTask?.attempt ?? 0,
    isAsleep: Number(info?.historyLength ?? 0) === 1 && look.raw.pendingWorkflowTask == null,
    ...(instanceId === undefined ? {} : { instanceId }),
    ...(due === undefined ? {} : { dueBy: due }),
    ...(handedOverBy === undefined ? {} : { launchedBy: handedOverBy }),
  };
}

/** temporal.api.enums.v1.WorkflowExecutionStatus: RUNNING, and what may come after the closed ones (a paused run is one that goes on). */
function isOpen(status: number | null | undefined): boolean {
  const closed = [2, 3, 4, 5, 6, 7]; // completed, failed, canceled, terminated, continued as new, timed out
  return status !== null && status !== undefined && status !== 0 && !closed.includes(status);
}

type Memo = Readonly<Record<string, unknown>> | undefined;

interface RunLook {
  readonly raw: WorkflowExecutionDescription['raw'];
  readonly memo: Memo | 'unreadable';
}

/** Undefined: there is no such run. One whose memo cannot be decoded runs all the same. */
async function describeRun(temporal: Client, workflowId: string, runId?: string): Promise<RunLook | undefined> {
  try {
    const description = await temporal.workflow.getHandle(workflowId, runId).describe();
    return { raw: description.raw, memo: description.memo };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    if (error instanceof ServiceError) {
      // What the server says of a run id that is none.
      if (runId !== undefined && (error.cause as { code?: unknown } | undefined)?.code === INVALID_ARGUMENT)
        return undefined;
      throw error;
    }
    const { namespace } = temporal.options;
    const execution = { workflowId, ...(runId === undefined ? {} : { runId }) };
    const raw = await temporal.workflowService.describeWorkflowExecution({ namespace, execution });
    return { raw, memo: 'unreadable' };
  }
}

const INVALID_ARGUMENT = 3;

/** A keeper has its token from its start: one that lists none cannot be read. A provision lists its first when it launches. */
function tokensOf(workflowId: string, memo: Memo): RunningOwner['tokens'] {
  const tokens = ownedTokens(memo);
  if (tokens !== undefined) return tokens;
  const isKeeper = !workflowId.startsWith('provision-node/');
  return isKeeper || memo?.[OWNED_TOKENS] !== undefined ? 'unreadable' : [];
}
