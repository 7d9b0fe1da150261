import type { Client } from '@temporalio/client';
import { SEARCH_ATTRIBUTE_TYPES } from '../contract/search-attributes.ts';
import { mainTaskQueue, taskQueuesOf } from '../contract/task-queues.ts';
import { sweepScheduleId } from '../contract/workflow-ids.ts';
import { nameOf, readRouting, whyWorkWaits, type Routing } from '../deployment-version.ts';
import { formatDuration, SECOND } from '../domain/durations.ts';
import { ok, unknown, wrong, type Finding } from '../domain/findings.ts';
import { quote } from '../domain/shell-quoting.ts';
import { ACTIVITY_TASKS, isPolled, WORKFLOW_TASKS } from '../sdk/caller.ts';
import { readSweepSchedule } from '../sweep-schedule.ts';
import { missingSearchAttributes } from '../temporal-server/search-attributes.ts';
import { namespaceCommand, setCurrentVersionCommand, unpauseCommand, type Place } from './admin-commands.ts';
import { isNotFound, refusalOf } from './part.ts';

// What Temporal alone can tell of whether nodes can be provisioned. Nothing is changed.

/** A server that is there answers in milliseconds. */
const LOOK_MS = 10 * SECOND;

const SETUP = 'run: navarch-provisioner setup';

/** The words of `check` in these findings. */
export const TEMPORAL_CHECK = {
  temporal: 'temporal',
  namespace: 'namespace',
  searchAttributes: 'search-attributes',
  schedule: 'sweep-schedule',
  worker: 'worker',
} as const;

type Look = (context: {
  readonly client: Client;
  readonly place: Place;
  readonly account: string | undefined;
}) => Promise<Finding>;

const LOOKS: readonly (readonly [check: string, look: Look])[] = [
  [TEMPORAL_CHECK.temporal, server],
  [TEMPORAL_CHECK.namespace, namespace],
  [TEMPORAL_CHECK.searchAttributes, searchAttributes],
  [TEMPORAL_CHECK.schedule, schedule],
  [TEMPORAL_CHECK.worker, worker],
];

/** In this order; each within ten seconds, all at once. Never rejects. */
export async function examineTemporal(
  client: Client,
  place: Place,
  account: string | undefined,
): Promise<readonly Finding[]> {
  return Promise.all(
    LOOKS.map(async ([check, look]) => {
      try {
        return await client.withDeadline(Date.now() + LOOK_MS, () => look({ client, place, account }));
      } catch (error) {
        const refused = refusalOf(error);
        if (refused !== undefined) {
          return unknown(check, `not looked at: ${refused}`, `let these credentials read namespace ${place.namespace}`);
        }
        const why = error instanceof Error ? error.message : String(error);
        return unknown(check, `Temporal does not tell: ${why}`, "look at the server's health, and ask again");
      }
    }),
  );
}

async function server({ client, place }: Parameters<Look>[0]): Promise<Finding> {
  const { serverVersion } = await client.workflowService.getSystemInfo({});
  return ok(TEMPORAL_CHECK.temporal, `${place.address} answers, server ${serverVersion}`);
}

async function namespace({ client, place }: Parameters<Look>[0]): Promise<Finding> {
  const check = TEMPORAL_CHECK.namespace;
  try {
    const { namespaceInfo, config } = await client.workflowService.describeNamespace({ namespace: place.namespace });
    if (namespaceInfo?.capabilities?.syncUpdate === false) {
      const todo = 'let the server take updates (dynamic configuration frontend.enableUpdateWorkflowExecution)';
      return wrong(check, `${place.namespace} takes no workflow updates, which requests are made by`, todo);
    }
    const kept = Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) * SECOND;
    return ok(check, `${place.namespace}, remembers what has ended for ${formatDuration(kept)}`);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return wrong(
      check,
      `Temporal has no namespace ${place.namespace}`,
      `name another one, or run: ${namespaceCommand(place)}`,
    );
  }
}

async function searchAttributes({ client, place }: Parameters<Look>[0]): Promise<Finding> {
  const check = TEMPORAL_CHECK.searchAttributes;
  const missing = await missingSearchAttributes(client.connection, place.namespace, SEARCH_ATTRIBUTE_TYPES);
  if (missing === 'cannot tell') return unknown(check, 'this server does not tell which it has', SETUP);
  return missing.length === 0
    ? ok(check, `all ${Object.keys(SEARCH_ATTRIBUTE_TYPES).length} are there`)
    : wrong(check, `missing: ${missing.join(', ')}`, SETUP);
}

async function schedule({ client, place, account }: Parameters<Look>[0]): Promise<Finding> {
  const check = TEMPORAL_CHECK.schedule;
  const id = sweepScheduleId(account);
  const found = await readSweepSchedule(client, { account, taskQueue: mainTaskQueue(account) });
  if (found === undefined)
    return wrong(check, `there is no Schedule ${id}: nothing looks for instances without owner`, SETUP);
  if (found.paused !== undefined) {
    const note = found.paused === '' ? '' : ` (${found.paused})`;
    return wrong(
      check,
      `${id} is paused${note}: nothing looks for instances without owner`,
      `run: ${unpauseCommand(place, id)}`,
    );
  }
  if (found.next === undefined) {
    const seen = `${id} never runs again: nothing looks for instances without owner`;
    return wrong(check, seen, found.asWanted ? `delete it, then ${SETUP}` : SETUP);
  }
  if (!found.asWanted) return wrong(check, `${id} has other settings than it should`, SETUP);
  return ok(check, `${id}, next at ${found.next.toISOString()}`);
}

async function worker({ client, place, account }: Parameters<Look>[0]): Promise<Finding> {
  const check = TEMPORAL_CHECK.worker;
  const { main, lambda } = taskQueuesOf(mainTaskQueue(account));
  const polled = await Promise.all([
    isPolled({ client }, main, WORKFLOW_TASKS),
    isPolled({ client }, main, ACTIVITY_TASKS),
    isPolled({ client }, lambda, ACTIVITY_TASKS),
  ]);
  if (polled.every(Boolean)) {
    const routing = await readRouting(client, main);
    const waits = whyWorkWaits(routing);
    if (waits === undefined) return ok(check, `polls ${main} and ${lambda}${versionText(routing)}`);
    return wrong(check, `${main}: ${waits}`, currentVersionTodo(routing, place));
  }
  const unpolled = [...(polled[0] && polled[1] ? [] : [main]), ...(polled[2] ? [] : [lambda])];
  return wrong(
    check,
    `no worker polls ${unpolled.join(' and ')}; what only a worker can look at was not looked at: keys, Navarch, clock, download`,
    `start one, with its own configuration and: ${workerCommand(place, account)}`,
  );
}

function versionText({ current }: Routing): string {
  return current === undefined ? '' : `; its current version is ${nameOf(current)}`;
}

/** Which version it should be is for people to say. */
export function currentVersionTodo({ polling }: Routing, place: Place): string {
  const commands = polling.map((version) => setCurrentVersionCommand(place, version));
  return commands.length === 0 ? 'start a worker of the current version' : `run: ${commands.join(' or: ')}`;
}

function workerCommand({ address, namespace: name }: Place, account: string | undefined): string {
  const variables = [
    `TEMPORAL_ADDRESS=${quote(address)}`,
    ...(name === 'default' ? [] : [`TEMPORAL_NAMESPACE=${quote(name)}`]),
    ...(account === undefined ? [] : [`NAVARCH_ACCOUNT=${quote(account)}`]),
  ];
  return `${variables.join(' ')} navarch-provisioner worker`;
}
