import type { WorkflowExecutionInfo } from '@temporalio/client';
import { z } from 'zod';
import { provisionNodeRequest } from '../contract/provision-node.ts';
import { labelEntries, labelEntry, labelsOf, SEARCH_ATTRIBUTE } from '../contract/search-attributes.ts';
import { WORKFLOW_TYPE } from '../contract/workflow-ids.ts';
import { PHASES, type Phase } from '../domain/phases.ts';
import type { Caller } from './caller.ts';

/** Which nodes to list. Default: all of the account that are being provisioned or kept. */
export const nodeFilter = z.strictObject({
  pool: provisionNodeRequest.shape.pool,
  phase: z.enum(PHASES, `must be one of ${PHASES.join(', ')}`).optional(),
  /** Each of these labels, with this very value. */
  labels: z.record(z.string(), z.string()).optional(),
});

/** All that is given has to hold. */
export type NodeFilter = z.output<typeof nodeFilter>;

/** A node as Temporal's visibility shows it: seconds old at most as a rule, and asked without a worker. */
export interface ListedNode {
  readonly name: string;
  readonly phase: Phase;
  readonly workflowId: string;
  /** When its present owner (the provision, then the keeper) started, ISO 8601. A keeper starts anew every day. */
  readonly ownerStartedAt: string;
  readonly pool?: string;
  /** Of its request, as many as Temporal's list could take: 2 000 bytes of them, in the order of their keys. */
  readonly labels: Readonly<Record<string, string>>;
  /** Of the launch in hand; absent before the first. */
  readonly instanceType?: string;
  readonly region?: string;
  readonly instanceId?: string;
  readonly needsAttention: boolean;
}

/** Sorted by name. */
export async function listNodes(caller: Caller, filter: NodeFilter): Promise<readonly ListedNode[]> {
  const nodes = await caller.ask(undefined, async () => {
    const found: ListedNode[] = [];
    for await (const execution of caller.unread.workflow.list({ query: listFilter(caller.taskQueue, filter) })) {
      const node = listed(execution);
      if (carriesAll(node, filter.labels)) found.push(node);
    }
    return found;
  });
  const kept = new Set(nodes.flatMap((node) => (isKeeper(node) ? [node.name] : [])));
  // At the hand-over both owners run for a moment; a provision that waits for an ending keeper is a node of its own.
  return nodes
    .filter((node) => isKeeper(node) || node.phase !== 'ready' || !kept.has(node.name))
    .sort((a, b) => a.name.localeCompare(b.name) || a.workflowId.localeCompare(b.workflowId));
}

/** Temporal's list filter. */
export function listFilter(taskQueue: string, { pool, phase, labels = {} }: NodeFilter): string {
  return [
    `ExecutionStatus = 'Running'`,
    `WorkflowType IN ('${WORKFLOW_TYPE.provisionNode}', '${WORKFLOW_TYPE.keepNode}')`,
    `TaskQueue = ${quoted(taskQueue)}`,
    ...(pool === undefined ? [] : [`${SEARCH_ATTRIBUTE.pool.name} = ${quoted(pool)}`]),
    ...(phase === undefined ? [] : [`${SEARCH_ATTRIBUTE.phase.name} = ${quoted(phase)}`]),
    ...Object.entries(labels).map(
      ([key, value]) => `${SEARCH_ATTRIBUTE.labels.name} = ${quoted(labelEntry(key, value))}`,
    ),
  ].join(' AND ');
}

/** A text of the filter's language, which is that of MySQL: a quote is doubled, a backslash escapes. */
function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

/** Looked at once more: SQLite, which a development server keeps its lists in, does not tell upper from lower case. */
function carriesAll(node: ListedNode, labels: NodeFilter['labels'] = {}): boolean {
  const carried = new Set(labelEntries(node.labels));
  return Object.entries(labels).every(([key, value]) => carried.has(labelEntry(key, value)));
}

function listed(execution: WorkflowExecutionInfo): ListedNode {
  const { typedSearchAttributes: attributes, workflowId } = execution;
  const pool = attributes.get(SEARCH_ATTRIBUTE.pool);
  const instanceType = attributes.get(SEARCH_ATTRIBUTE.instanceType);
  const region = attributes.get(SEARCH_ATTRIBUTE.region);
  const instanceId = attributes.get(SEARCH_ATTRIBUTE.instanceId);
  return {
    // Before its first task a provision has set no attribute yet.
    name: attributes.get(SEARCH_ATTRIBUTE.node) ?? workflowId.slice(workflowId.indexOf('/') + 1),
    phase: PHASES.find((phase) => phase === attributes.get(SEARCH_ATTRIBUTE.phase)) ?? 'accepted',
    workflowId,
    ownerStartedAt: execution.startTime.toISOString(),
    ...(pool === undefined ? {} : { pool }),
    labels: labelsOf(attributes.get(SEARCH_ATTRIBUTE.labels) ?? []),
    ...(instanceType === undefined ? {} : { instanceType }),
    ...(region === undefined ? {} : { region }),
    ...(instanceId === undefined ? {} : { instanceId }),
    needsAttention: attributes.get(SEARCH_ATTRIBUTE.needsAttention) ?? false,
  };
}

function isKeeper({ workflowId }: ListedNode): boolean {
  return workflowId.startsWith('node/');
}
