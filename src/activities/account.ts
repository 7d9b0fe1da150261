import { createHash } from 'node:crypto';
import { activityInfo, cancellationSignal, log } from '@temporalio/activity';
import type { Instance } from '../clients/lambda/index.ts';
import { mainTaskQueue } from '../contract/task-queues.ts';
import { stateOf } from '../domain/instances.ts';
import { TAG, tagValue } from '../domain/names.ts';
import type { CapacitySnapshot } from '../domain/offerings.ts';
import { readTypes } from './lambda.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { FleetNews, type OwnInstance } from './fleet-news.ts';
import { listRunningOwners, type RunningOwner } from './running-owners.ts';
import { steady } from './steady.ts';
import type { AccountActivities, FleetPace } from './types.ts';

/** Visibility that does not answer by then is not waited for: the list of instances is what counts. */
const OWNERS_MS = 15_000;

/** One that boots for longer is stuck, or slow enough to be looked at less often. The slowest boot seen took 857 s. */
const USUAL_BOOT_MS = 20 * 60_000;

/** The broker's two looks at Lambda, for everybody. One request each (P6); what goes in and comes out does not grow with the fleet. */
export function createAccountActivities(dependencies: ActivityDependencies): AccountActivities {
  const { lambda, temporal, namespaceId, account, looks, pace, caps } = dependencies;
  const news = new FleetNews(temporal);

  return {
    readCapacity: steady(async ({ wanted, digest }) => {
      // By Temporal's clock, and before the list was asked for.
      const readAt = activityInfo().currentAttemptScheduledTimestampMs;
      const listed = await readTypes(lambda);
      const types = listed.filter(({ name }) => wanted.includes(name));
      const snapshot: CapacitySnapshot = { readAt, asked: wanted, types, listedTypes: listed.length };
      const now = digestOf({ types, listedTypes: listed.length });
      return now === digest ? { kind: 'unchanged', readAt } : { kind: 'changed', snapshot, digest: now };
    }),

    readFleet: steady(async ({ names, expected, again, withOwners, previousAt }) => {
      const at = activityInfo().currentAttemptScheduledTimestampMs;
      // Before the list: whoever had an instance then, and is not in the list, misses it.
      const owners = withOwners || news.isNew ? await whoRuns() : undefined;
      const listed = await lambda.listInstances({ signal: cancellationSignal() });
      const living = listed.filter(({ status }) => stateOf(status) !== 'ended');
      const ours = listed.flatMap(ownInstance);
      await news.tell({ at, previousAt, instances: ours, owners, again });
      const launches = ours.flatMap(({ launchedAt }) => launchedAt ?? []);
      return {
        at,
        instances: living.length,
        centsPerHour: living.reduce((sum, { instanceType }) => sum + instanceType.priceCentsPerHour, 0),
        // Another namespace's nodes have names of their own.
        taken: living.flatMap(({ id, tags }) => {
          const name = tagValue(tags, TAG.namespace) === namespaceId ? tagValue(tags, TAG.node) : undefined;
          return name !== undefined && names.includes(name) ? [{ name, instanceId: id }] : [];
        }),
        listed: expected.filter((instanceId) => listed.some(({ id }) => id === instanceId)),
        pace: paceOf(ours, at),
        ...(owners === undefined ? {} : { owners: owners.length }),
        ...(launches.length === 0 ? {} : { lastLaunchAt: Math.max(...launches) }),
        settings: {
          caps,
          launchIntervalMs: pace.launchIntervalMs,
          requestIntervalMs: pace.requestIntervalMs,
          capacityMs: looks.capacityMs,
          everyMs: { near: looks.nearMs, boot: looks.bootMs, end: looks.endMs, quiet: looks.keptMs },
        },
      };
    }),
  };

  /** Undefined where Temporal's visibility does not answer: what the list shows is told all the same. */
  async function whoRuns(): Promise<readonly RunningOwner[] | undefined> {
    try {
      const list = (): ReturnType<typeof listRunningOwners> => listRunningOwners(temporal, mainTaskQueue(account));
      return await temporal.withDeadline(Date.now() + OWNERS_MS, list);
    } catch (error) {
      log.warn('fleet: Temporal does not say which owners run', { error });
      return undefined;
    }
  }

  function ownInstance(instance: Instance): (OwnInstance & { readonly launchedAt?: number })[] {
    const { id: instanceId, status, ip, tags } = instance;
    const node = tagValue(tags, TAG.node);
    const launchToken = tagValue(tags, TAG.launch);
    if (node === undefined || launchToken === undefined || tagValue(tags, TAG.namespace) !== namespaceId) return [];
    const launchedAt = Date.parse(tagValue(tags, TAG.launchedAt) ?? '');
    return [
      {
        instanceId,
        launchToken,
        node,
        status,
        ...(ip === undefined ? {} : { address: ip }),
        ...(Number.isNaN(launchedAt) ? {} : { launchedAt }),
      },
    ];
  }
}

/** How soon somebody wants to know more. */
function paceOf(ours: readonly (OwnInstance & { readonly launchedAt?: number })[], now: number): FleetPace {
  const coming = ours.filter(({ status }) => stateOf(status) === 'coming');
  if (coming.some(({ launchedAt = now }) => now - launchedAt < USUAL_BOOT_MS)) return 'near';
  if (coming.length > 0) return 'boot';
  return ours.some(({ status }) => stateOf(status) === 'ending') ? 'end' : 'quiet';
}

function digestOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('base64url').slice(0, 16);
}
