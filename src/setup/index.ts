import { Connection, type Client } from '@temporalio/client';
import { nexusEndpointName } from '../contract/nexus.ts';
import { mainTaskQueue } from '../contract/task-queues.ts';
import { readRouting, whyWorkWaits } from '../deployment-version.ts';
import { namespaceCommand, type Place } from './admin-commands.ts';
import { currentVersionTodo } from './examine.ts';
import { setUpNexusEndpoint } from './nexus-endpoint.ts';
import { isNotFound, refusalOf, type Part } from './part.ts';
import { setUpSchedule } from './schedule.ts';
import { setUpSearchAttributes } from './search-attributes.ts';

// What a namespace needs before a worker can work in it. The worker makes the same sure at its start; this is for those who give a worker
// fewer rights, or want to see it done before.

export interface SetupOptions {
  /** Name of the Lambda account; undefined: the default one. */
  readonly account: string | undefined;
  /** Name of the Nexus endpoint; undefined: that of the account; false: none is made. */
  readonly nexusEndpoint?: string | false | undefined;
  /** Changes nothing, and tells what it would do. */
  readonly dryRun?: boolean | undefined;
}

export type { Part } from './part.ts';

export interface SetupReport {
  readonly namespace: string;
  /** What follows was not done, but would be. */
  readonly dryRun: boolean;
  readonly parts: readonly Part[];
}

/** Makes what the namespace lacks. May be repeated: the second time there is nothing to do. @throws ServiceError where Temporal does not answer */
export async function setUp(client: Client, options: SetupOptions): Promise<SetupReport> {
  const { account, nexusEndpoint, dryRun = false } = options;
  const place = placeOf(client);
  const { namespace } = place;
  const taskQueue = mainTaskQueue(account);
  const without = await missingNamespace(client, place);
  if (without !== undefined) return { namespace, dryRun, parts: [without] };
  const parts = [
    ...(await setUpSearchAttributes(client, place, dryRun)),
    await setUpSchedule(client, place, { account, taskQueue }, dryRun),
  ];
  if (nexusEndpoint !== false) {
    const name = nexusEndpoint ?? nexusEndpointName(account);
    parts.push(await setUpNexusEndpoint(client, place, { name, namespace, taskQueue }, dryRun));
  }
  return { namespace, dryRun, parts: [...parts, ...(await missingVersion(client, place, taskQueue))] };
}

/** Where the commands are to be carried out that are shown. */
export function placeOf(client: Client): Place {
  const { connection } = client;
  const address = connection instanceof Connection ? connection.options.address : 'localhost:7233';
  return { address, namespace: client.options.namespace };
}

/** Which build gets new work is for those to say who deploy it; that none does is worth saying here. */
async function missingVersion(client: Client, place: Place, taskQueue: string): Promise<readonly Part[]> {
  try {
    const routing = await readRouting(client, taskQueue);
    const why = whyWorkWaits(routing);
    if (why === undefined) return [];
    const part = `current version of the worker on task queue ${taskQueue}`;
    return [{ part, outcome: 'not_done', why, todo: [currentVersionTodo(routing, place)] }];
  } catch (error) {
    // The versions are no part of what a namespace has to have.
    if (refusalOf(error) !== undefined) return [];
    throw error;
  }
}

/** Making namespaces is for those who run the server: how long they keep what, and who may enter. */
async function missingNamespace(client: Client, place: Place): Promise<Part | undefined> {
  const part = `namespace ${place.namespace}`;
  try {
    await client.workflowService.describeNamespace({ namespace: place.namespace });
    return undefined;
  } catch (error) {
    if (isNotFound(error)) {
      return { part, outcome: 'not_done', why: 'Temporal has no such namespace', todo: [namespaceCommand(place)] };
    }
    // Who may not read about it may still be allowed to change what is in it.
    if (refusalOf(error) !== undefined) return undefined;
    throw error;
  }
}
