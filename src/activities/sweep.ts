import { activityInfo, cancellationSignal } from '@temporalio/activity';
import {
  ScheduleNotFoundError,
  ServiceError,
  WorkflowNotFoundError,
  type ScheduleExecutionResult,
} from '@temporalio/client';
import type { Instance } from '../clients/lambda/index.ts';
import type { Judgement, Ledger, OwnerTrouble, SweepResult } from '../contract/sweep.ts';
import { keepNodeId, provisionNodeId, sweepScheduleId } from '../contract/workflow-ids.ts';
import { TASK_ATTEMPTS_TO_REPORT } from '../domain/deadlines.ts';
import {
  judgeInstance,
  mayOwn,
  noted,
  VERDICT_KINDS,
  type LedgerEntry,
  type OrphanVerdict,
  type VerdictKind,
} from '../domain/orphan-verdict.ts';
import { TAG, tagged, tagValue, type TaggedInstance } from '../domain/names.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { inParallel } from './in-parallel.ts';
import { describeOwners, isKnownToLatest, isRunKnown, withoutMemos, type OwnerView } from './owners.ts';
import { terminate } from './lambda.ts';
import { steady } from './steady.ts';
import type { OwnershipActivities, SweepActivities } from './types.ts';

/** What goes to people and into history, at most; counts are of all. */
const MOST_REPORTED = 200;

/** So many a sweep could end, one after the other, in its time. */
const MOST_ORPHANS = 500;

/** For a caller who wants a name's remains ended now: there is no first sighting to wait for. */
const SIGHTED_LONG_AGO: LedgerEntry = { listedAt: 0, ownerlessSince: 0 };

/** So many nodes' owners are asked for at a time. */
const QUESTIONS_AT_A_TIME = 8;

/** The sweeper's look at the world, and its hand. One Lambda request each (P6); who owns what is asked of Temporal, which costs none. */
export function createSweepActivities(dependencies: ActivityDependencies): {
  readonly lambda: SweepActivities;
  readonly main: OwnershipActivities;
} {
  const { lambda, temporal, namespaceId, account } = dependencies;
  const unreadTemporal = withoutMemos(temporal);

  const onLambda: SweepActivities = {
    surveyInstances: steady(async ({ ledger, all, limits }) => {
      // By Temporal's clock, and before the list is asked for.
      const at = activityInfo().currentAttemptScheduledTimestampMs;
      const listed = await lambda.listInstances({ signal: cancellationSignal() });
      const ours = listed.filter(isOurs);
      // Everything was listed before any owner is asked for: an owner that is found owned it then.
      const answers = await inParallel(ours, QUESTIONS_AT_A_TIME, (instance) =>
        judge(tagged(instance), ledger, limits.sightingsGapMs, at),
      );

      const counts = Object.fromEntries(VERDICT_KINDS.map((kind) => [kind, 0])) as Record<VerdictKind, number>;
      for (const { verdict } of answers) counts[verdict.kind] += 1;
      const judgements = ours.map((instance, index) =>
        judgement(instance, answers[index]?.verdict, answers[index]?.entry),
      );
      const owners = new Map(answers.flatMap(({ owners: found }) => found.map((owner) => [owner.workflowId, owner])));
      return {
        at,
        counts,
        alive: answers.filter(
          ({ instance, verdict }) => instance.namespaceId === namespaceId && verdict.kind !== 'ended',
        ).length,
        proven: answers.flatMap(({ instance: { instanceId }, verdict }) =>
          verdict.kind === 'ended' && ledger.instances[instanceId]?.askedAt !== undefined ? [instanceId] : [],
        ),
        orphans: answers
          .flatMap(({ instance, verdict }) => (verdict.kind === 'orphan' ? [instance] : []))
          .slice(0, MOST_ORPHANS),
        reported: judgements.filter(({ verdict }) => all || isRemarkable(verdict)).slice(0, MOST_REPORTED),
        owners: [...owners.values()]
          .flatMap((owner) => troubleOf(owner, at, limits.overdueAfterMs))
          .slice(0, MOST_REPORTED),
        asleep: [...owners.values()].flatMap(({ isAsleep, workflowId }) => (isAsleep ? [workflowId] : [])),
        ledger: {
          instances: {
            ...stillRemembered(ledger, at, limits.ledgerKeepsMs),
            // One that has ended is of no interest any more.
            ...Object.fromEntries(
              answers.flatMap(({ instance, verdict, entry }) =>
                verdict.kind === 'ended' ? [] : [[instance.instanceId, entry] as const],
              ),
            ),
          },
        },
      };
    }),

    endOrphan: steady(async ({ instance, before, sightingsGapMs }) => {
      // Minutes may have passed in the queue. Nobody may own it now either.
      const { verdict } = await judge(instance, { instances: { [instance.instanceId]: before } }, sightingsGapMs);
      if (verdict.kind !== 'orphan' && verdict.kind !== 'ending') return { kind: 'spared', reason: verdict.reason };
      return terminate(lambda, instance.instanceId);
    }),

    findUnowned: steady(async ({ name }) => {
      const listed = await lambda.listInstances({ signal: cancellationSignal() });
      const ofName = listed.filter((instance) => isOurs(instance) && tagValue(instance.tags, TAG.node) === name);
      const orphans: TaggedInstance[] = [];
      const unknown: string[] = [];
      for (const instance of ofName.map(tagged)) {
        const { verdict } = await judge(instance, { instances: { [instance.instanceId]: SIGHTED_LONG_AGO } }, 0);
        if (verdict.kind === 'orphan' || verdict.kind === 'ending') orphans.push(instance); // the status tells which
        if (verdict.kind === 'unknown') unknown.push(`${instance.instanceId}: ${verdict.reason}`);
      }
      return { orphans, unknown };
    }),
  };

  const onMain: OwnershipActivities = {
    async ownersOf({ instance }) {
      const { verdict, owners } = await judge(instance, { instances: {} }, 0);
      const owner = owners.find((candidate) => mayOwn(candidate, instance));
      return {
        ...(owner === undefined ? {} : { owner: owner.workflowId }),
        isTaggedHere: instance.namespaceId === namespaceId,
        isKept: verdict.kind === 'owned' && owner?.workflowId === keepNodeId(instance.node ?? ''),
        running: owners.map(({ workflowId }) => workflowId),
      };
    },

    async readLastSweep() {
      for (const { action } of await recentSweeps()) {
        const { workflowId, firstExecutionRunId } = action.workflow;
        const run = temporal.workflow.getHandle(workflowId, firstExecutionRunId);
        try {
          if ((await run.describe()).status.name === 'COMPLETED') return ((await run.result()) as SweepResult).ledger;
        } catch (error) {
          // Forgotten after the namespace's retention: the Schedule has been paused for long.
          if (error instanceof WorkflowNotFoundError) continue;
          if (error instanceof ServiceError) throw error;
          // What cannot be decrypted is as good as forgotten: less is known, so less is ended. An older one would know wrongly.
          return { instances: {} };
        }
      }
      return { instances: {} };
    },
  };
  return { lambda: onLambda, main: onMain };

  /** Latest first. None: the Schedule is not there (any more), or the server has none. */
  async function recentSweeps(): Promise<readonly ScheduleExecutionResult[]> {
    try {
      const { info } = await unreadTemporal.schedule.getHandle(sweepScheduleId(account)).describe();
      return [...info.recentActions].reverse();
    } catch (error) {
      if (error instanceof ScheduleNotFoundError) return [];
      throw error;
    }
  }

  /** Closed runs are forgotten after the namespace's retention: the provision's, while its keeper goes on for months. */
  async function isHeardOf({ node, runId, launchToken }: TaggedInstance): Promise<boolean> {
    if (node === undefined) return false;
    if (runId !== undefined && (await isRunKnown(temporal, provisionNodeId(node), runId))) return true;
    const identity = {
      ...(runId === undefined ? {} : { runId }),
      ...(launchToken === undefined ? {} : { launchToken }),
    };
    return (
      (await isKnownToLatest(temporal, provisionNodeId(node), identity)) ||
      (await isKnownToLatest(temporal, keepNodeId(node), identity))
    );
  }

  async function judge(
    instance: TaggedInstance,
    ledger: Ledger,
    sightingsGapMs: number,
    now = activityInfo().currentAttemptScheduledTimestampMs,
  ): Promise<{
    instance: TaggedInstance;
    verdict: OrphanVerdict;
    entry: LedgerEntry;
    owners: readonly OwnerView[];
  }> {
    const before = ledger.instances[instance.instanceId];
    const { node, runId } = instance;
    const running = node === undefined ? {} : await describeOwners(temporal, node);
    const owners = [running.provision, running.keeper].filter((owner) => owner !== undefined);
    const taggedRunFound = owners.some((owner) => owner.firstRunId === runId) || (await isHeardOf(instance));
    const verdict = judgeInstance(instance, { ...running, taggedRunFound }, namespaceId, before, now, sightingsGapMs);
    return { instance, verdict, entry: noted(before, verdict, now), owners };
  }
}

/** Instances without our tags are nobody's business: neither touched nor named. */
function isOurs({ tags }: Instance): boolean {
  return tagValue(tags, TAG.namespace) !== undefined || tagValue(tags, TAG.launch) !== undefined;
}

function judgement(
  instance: Instance,
  verdict: OrphanVerdict = { kind: 'unknown', reason: 'not judged' },
  entry: LedgerEntry | undefined,
): Judgement {
  const { node, launchToken } = tagged(instance);
  return {
    instanceId: instance.id,
    verdict: verdict.kind,
    reason: verdict.reason,
    status: instance.status,
    instanceType: instance.instanceType.name,
    region: instance.region.name,
    pricePerHourUsd: instance.instanceType.priceCentsPerHour / 100,
    ...(node === undefined ? {} : { node }),
    ...(launchToken === undefined ? {} : { launchToken }),
    ...(entry?.ownerlessSince === undefined ? {} : { ownerlessSince: new Date(entry.ownerlessSince).toISOString() }),
  };
}

function isRemarkable(verdict: VerdictKind): boolean {
  return verdict !== 'owned' && verdict !== 'ended';
}

function troubleOf(
  { workflowId, taskAttempts, isAsleep, dueBy }: OwnerView,
  now: number,
  overdueAfterMs: number,
): OwnerTrouble[] {
  const problems = [
    taskAttempts >= TASK_ATTEMPTS_TO_REPORT
      ? `its workflow task has failed ${taskAttempts - 1} times in a row`
      : undefined,
    isAsleep ? 'it was started and never got a workflow task; it is signalled' : undefined,
    dueBy !== undefined && now > dueBy + overdueAfterMs
      ? `it should have been done by ${new Date(dueBy).toISOString()}`
      : undefined,
  ];
  return problems.flatMap((problem) => (problem === undefined ? [] : [{ workflowId, problem }]));
}

/** Entries of instances that are in no list now, as long as they may come back, or are to be proven gone. */
function stillRemembered({ instances }: Ledger, now: number, keepsMs: number): Record<string, LedgerEntry> {
  return Object.fromEntries(
    Object.entries(instances).filter(([, entry]) => entry.askedAt !== undefined || now - entry.listedAt < keepsMs),
  );
}
