import { ScheduleAlreadyRunning, ScheduleNotFoundError, ScheduleOverlapPolicy } from '@temporalio/client';
import type { Client, ScheduleDescription, ScheduleOptions } from '@temporalio/client';
import { sweepScheduleId, WORKFLOW_TYPE } from './contract/workflow-ids.ts';
import { SWEEP_INTERVAL_MS, SWEEP_TIMEOUT_MS } from './domain/deadlines.ts';

/** Whose instances are swept, and who does it. */
export interface SweepScheduleTarget {
  /** Name of the Lambda account; undefined: the default one. */
  readonly account: string | undefined;
  readonly taskQueue: string;
}

/** Each takes somebody who deletes the Schedule in the same instant: more is not bad luck. */
const MOST_TRIES = 3;

/**
 * The Schedule that sweeps an account for orphans (P5). Every worker makes sure of it when it starts; it may be repeated, by several at once,
 * and by another version, whose settings then hold. Whether an operator has paused it stays as it is.
 */
export async function ensureSweepSchedule(client: Client, target: SweepScheduleTarget): Promise<void> {
  const scheduleId = sweepScheduleId(target.account);
  const wanted = wantedSchedule(target);
  for (let tries = 1; ; tries += 1) {
    try {
      await client.schedule.create({ scheduleId, ...wanted });
      return;
    } catch (error) {
      if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    }
    try {
      await client.schedule.getHandle(scheduleId).update(({ state }) => ({ ...wanted, state: pauseOf(state) }));
      return;
    } catch (error) {
      // Somebody has deleted it between the two.
      if (!(error instanceof ScheduleNotFoundError) || tries === MOST_TRIES) throw error;
    }
  }
}

/** Of the rest of a state, how many sweeps are left, nothing is to stay: there is no last one. */
function pauseOf({
  paused,
  note,
}: ScheduleDescription['state']): Pick<ScheduleDescription['state'], 'paused' | 'note'> {
  return { paused, ...(note === undefined ? {} : { note }) };
}

/** A sweep's Schedule, as Temporal has it. */
export interface SweepSchedule {
  /** Its settings are those that `ensureSweepSchedule` would give it. */
  readonly asWanted: boolean;
  /** Why an operator has paused it, which may be nothing at all; undefined: it runs. */
  readonly paused: string | undefined;
  /** Undefined: it never acts again, unless it is paused now and is let go on. */
  readonly next: Date | undefined;
}

/** Undefined: there is none. */
export async function readSweepSchedule(
  client: Client,
  target: SweepScheduleTarget,
): Promise<SweepSchedule | undefined> {
  let found: ScheduleDescription;
  try {
    found = await client.schedule.getHandle(sweepScheduleId(target.account)).describe();
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return undefined;
    throw error;
  }
  const { state, info } = found;
  return {
    asWanted: isAsWanted(found, wantedSchedule(target)),
    paused: state.paused ? (state.note ?? '') : undefined,
    next: info.nextActionTimes[0],
  };
}

function wantedSchedule({ account, taskQueue }: SweepScheduleTarget) {
  return {
    spec: { intervals: [{ every: SWEEP_INTERVAL_MS }] },
    action: {
      type: 'startWorkflow',
      workflowType: WORKFLOW_TYPE.sweepOrphans,
      workflowId: sweepScheduleId(account),
      taskQueue,
      args: [{}],
      // One that hangs must not keep the next ones from being started for ever.
      workflowExecutionTimeout: SWEEP_TIMEOUT_MS,
      staticSummary: 'ends instances of ours that no workflow owns any more',
    },
    policies: {
      overlap: ScheduleOverlapPolicy.SKIP,
      // What was missed while the server was away is not made up for: the next sweep sees the same.
      catchupWindow: SWEEP_INTERVAL_MS,
      pauseOnFailure: false,
    },
  } satisfies Omit<ScheduleOptions, 'scheduleId'>;
}

/** What both have, the wish and the answer. */
interface Compared {
  readonly spec: {
    readonly intervals?: readonly { readonly every: unknown; readonly offset?: unknown }[] | undefined;
    readonly calendars?: readonly unknown[] | undefined;
    readonly skip?: readonly unknown[] | undefined;
    readonly startAt?: Date | undefined;
    readonly endAt?: Date | undefined;
  };
  readonly state?: { readonly remainingActions?: number | undefined };
  readonly action: Partial<
    Record<'workflowType' | 'workflowId' | 'taskQueue' | 'args' | 'workflowExecutionTimeout', unknown>
  >;
  readonly policies: Partial<Record<'overlap' | 'catchupWindow' | 'pauseOnFailure', unknown>>;
}

/** As far as it matters to a sweep: a summary that an administrator did not give is no reason to change anything. */
function isAsWanted(found: ScheduleDescription, wanted: ReturnType<typeof wantedSchedule>): boolean {
  const essence = ({ spec, state, action, policies }: Compared): unknown => [
    (spec.intervals ?? []).map(({ every, offset = 0 }) => [every, offset]),
    spec.calendars?.length ?? 0,
    spec.skip?.length ?? 0,
    [spec.startAt, spec.endAt, state?.remainingActions],
    action.workflowType,
    action.workflowId,
    action.taskQueue,
    action.args,
    action.workflowExecutionTimeout,
    [policies.overlap, policies.catchupWindow, policies.pauseOnFailure],
  ];
  return JSON.stringify(essence(found)) === JSON.stringify(essence(wanted));
}
