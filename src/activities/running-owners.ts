import { ServiceError, type Client } from '@temporalio/client';
import { SEARCH_ATTRIBUTE } from '../contract/search-attributes.ts';
import { WORKFLOW_TYPE } from '../contract/workflow-ids.ts';

/** An owner that runs, as Temporal's visibility shows it: some seconds old, perhaps, and no worker is asked. */
export interface RunningOwner {
  readonly workflowId: string;
  readonly isKeeper: boolean;
  readonly node?: string;
  /** Of the instance in hand, or of the last one. */
  readonly instanceId?: string;
  readonly phase?: string;
  readonly needsAttention: boolean;
}

const PAGE_SIZE = 1_000;

const OWNERS: readonly string[] = [WORKFLOW_TYPE.provisionNode, WORKFLOW_TYPE.keepNode];

/** Provisions and keepers of the account that run. One question to Temporal for each thousand of them. */
export async function listRunningOwners(temporal: Client, taskQueue: string): Promise<readonly RunningOwner[]> {
  if (!(await hasVisibility(temporal))) {
    // What is open, by type: the time-skipping server can do that.
    return (await Promise.all(OWNERS.map((name) => listOpen(temporal, name)))).flat();
  }
  return pages((nextPageToken) =>
    temporal.workflowService.listWorkflowExecutions({
      namespace: temporal.options.namespace,
      query: queryOf(taskQueue),
      pageSize: PAGE_SIZE,
      nextPageToken,
    }),
  );
}

/** How many run. */
export async function countRunningOwners(temporal: Client, taskQueue: string): Promise<number> {
  if (!(await hasVisibility(temporal))) return (await listRunningOwners(temporal, taskQueue)).length;
  return (await temporal.workflow.count(queryOf(taskQueue))).count;
}

const WITH_VISIBILITY = new WeakMap<Client, Promise<boolean>>();

/** Whether the server can list and count by attributes. Asked once. */
export function hasVisibility(temporal: Client): Promise<boolean> {
  const known = WITH_VISIBILITY.get(temporal);
  if (known !== undefined) return known;
  const asked = temporal.workflow.count("WorkflowId = 'none'").then(
    () => true,
    (error: unknown) => {
      if (isUnimplemented(error)) return false;
      WITH_VISIBILITY.delete(temporal);
      throw error;
    },
  );
  WITH_VISIBILITY.set(temporal, asked);
  return asked;
}

function queryOf(taskQueue: string): string {
  const types = OWNERS.map((name) => `'${name}'`).join(', ');
  return `TaskQueue = '${taskQueue}' AND ExecutionStatus = 'Running' AND WorkflowType IN (${types})`;
}

function listOpen(temporal: Client, name: string): Promise<readonly RunningOwner[]> {
  return pages((nextPageToken) =>
    temporal.workflowService.listOpenWorkflowExecutions({
      namespace: temporal.options.namespace,
      maximumPageSize: PAGE_SIZE,
      nextPageToken,
      startTimeFilter: {},
      typeFilter: { name },
    }),
  );
}

type Page = Awaited<ReturnType<Client['workflowService']['listWorkflowExecutions']>>;

async function pages(
  read: (nextPageToken: Uint8Array) => Promise<Pick<Page, 'executions' | 'nextPageToken'>>,
): Promise<readonly RunningOwner[]> {
  const owners: RunningOwner[] = [];
  let nextPageToken: Uint8Array = new Uint8Array();
  do {
    const page = await read(nextPageToken);
    // The time-skipping server lists other types, too.
    owners.push(...page.executions.filter(({ type }) => OWNERS.includes(type?.name ?? '')).map(ownerFrom));
    nextPageToken = page.nextPageToken;
  } while (nextPageToken.length > 0);
  return owners;
}

function ownerFrom(info: Page['executions'][number]): RunningOwner {
  const fields = info.searchAttributes?.indexedFields ?? {};
  const text = ({ name }: { readonly name: string }): string | undefined => {
    const value: unknown = decoded(fields[name]?.data);
    return typeof value === 'string' ? value : undefined;
  };
  const node = text(SEARCH_ATTRIBUTE.node);
  const instanceId = text(SEARCH_ATTRIBUTE.instanceId);
  const phase = text(SEARCH_ATTRIBUTE.phase);
  return {
    workflowId: info.execution?.workflowId ?? '',
    isKeeper: info.type?.name === WORKFLOW_TYPE.keepNode,
    needsAttention: decoded(fields[SEARCH_ATTRIBUTE.needsAttention.name]?.data) === true,
    ...(node === undefined ? {} : { node }),
    ...(instanceId === undefined ? {} : { instanceId }),
    ...(phase === undefined ? {} : { phase }),
  };
}

/** A search attribute is plain JSON, whatever codec the payloads have. */
function decoded(data: Uint8Array | null | undefined): unknown {
  if (data == null || data.length === 0) return undefined;
  const value: unknown = JSON.parse(Buffer.from(data).toString('utf8'));
  return Array.isArray(value) ? (value as unknown[])[0] : value;
}

const UNIMPLEMENTED = 12;

function isUnimplemented(error: unknown): boolean {
  return error instanceof ServiceError && (error.cause as { code?: unknown } | undefined)?.code === UNIMPLEMENTED;
}
