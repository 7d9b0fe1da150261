import {
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  ServiceError,
  WorkflowNotFoundError,
  type Client,
  type ScheduleDescription,
  type ScheduleOptions,
} from '@temporalio/client';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { sweepScheduleId, WORKFLOW_TYPE } from './contract/workflow-ids.ts';
import { SWEEP_INTERVAL_MS, SWEEP_TIMEOUT_MS } from './domain/deadlines.ts';
import { unreadClient } from './sdk/unread-client.ts';

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
      await update(client, scheduleId, wanted);
      return;
    } catch (error) {
      // Somebody has deleted it between the two.
      if (!(error instanceof ScheduleNotFoundError) || tries === MOST_TRIES) throw error;
    }
  }
}

async function update(client: Client, scheduleId: string, wanted: ReturnType<typeof wantedSchedule>): Promise<void> {
  const change = ({ state }: Pick<ScheduleDescription, 'state'>) => ({ ...wanted, state: pauseOf(state) });
  try {
    await client.schedule.getHandle(scheduleId).update(change);
  } catch (error) {
    if (error instanceof ScheduleNotFoundError || error instanceof ServiceError) throw error;
    await recreate(client, scheduleId, wanted);
  }
  if (await hasUnreadableResult(client, scheduleId)) await recreate(client, scheduleId, wanted);
}

/**
 * The key of what is there is lost. Of that nothing is kept but a pause: Temporal hands the last result to each next sweep, whose first task
 * would fail for it for ever. Without a ledger an orphan takes two more sightings.
 */
async function recreate(client: Client, scheduleId: string, wanted: ReturnType<typeof wantedSchedule>): Promise<void> {
  const old = unreadClient(client).schedule.getHandle(scheduleId);
  const { state } = await old.describe();
  await old.delete();
  try {
    await client.schedule.create({ scheduleId, ...wanted, state: pauseOf(state) });
  } catch (error) {
    // Another worker has made it just then.
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
  }
}

/** Whether what the last sweep noted was encrypted with a key that this client, which encrypts itself, does not have. */
async function hasUnreadableResult(client: Client, scheduleId: string): Promise<boolean> {
  if (isPlain(await sampleOf(client))) return false;
  const unread = unreadClient(client);
  const { info } = await unread.schedule.getHandle(scheduleId).describe();
  for (const { action } of [...info.recentActions].reverse()) {
    const { workflowId, firstExecutionRunId } = action.workflow;
    try {
      const { status } = await unread.workflow.getHandle(workflowId, firstExecutionRunId).describe();
      if (status.name !== 'COMPLETED') continue;
      await client.workflow.getHandle(workflowId, firstExecutionRunId).result();
      return false;
    } catch (error) {
      if (error instanceof ServiceError) throw error;
      if (!(error instanceof WorkflowNotFoundError)) return true;
    }
  }
  return false;
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

/** Undefined: there is none. @throws EncryptedPayloadError where the caller has no keys at all */
export async function readSweepSchedule(
  client: Client,
  target: SweepScheduleTarget,
): Promise<SweepSchedule | undefined> {
  const id = sweepScheduleId(target.account);
  let found: ScheduleDescription;
  let asWanted = false;
  try {
    found = await client.schedule.getHandle(id).describe();
    asWanted =
      isAsWanted(found, wantedSchedule(target)) &&
      !(await isOfOtherKey(found, client)) &&
      !(await hasUnreadableResult(client, id));
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return undefined;
    // Its key is lost, or newer than ours: whoever encrypts writes it again.
    if (error instanceof ServiceError || isPlain(await sampleOf(client))) throw error;
    found = await unreadClient(client).schedule.getHandle(id).describe();
  }
  const { state, info } = found;
  return {
    asWanted,
    paused: state.paused ? (state.note ?? '') : undefined,
    next: info.nextActionTimes[0],
  };
}

/** A Schedule outlives every key, unless it is written again with the next one. What is in clear may stay so: it says nothing. */
async function isOfOtherKey({ raw }: ScheduleDescription, client: Client): Promise<boolean> {
  const [written] = raw.schedule?.action?.startWorkflow?.input?.payloads ?? [];
  if (written === undefined || isPlain(written)) return false;
  return shownMetadata(written) !== shownMetadata(await sampleOf(client));
}

/** A payload as the client would write it now. */
async function sampleOf({ options }: Client): Promise<Payload> {
  let payloads: Payload[] = [defaultPayloadConverter.toPayload({})];
  for (const codec of options.loadedDataConverter.payloadCodecs) payloads = await codec.encode(payloads);
  return payloads[0] ?? {};
}

function isPlain(payload: Payload): boolean {
  return shownMetadata(payload) === shownMetadata(defaultPayloadConverter.toPayload({}));
}

function shownMetadata({ metadata }: Payload): string {
  return Object.entries(metadata ?? {})
    .map(([name, bytes]) => `${name}=${Buffer.from(bytes).toString()}`)
    .sort()
    .join();
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
