import {
  ActivityCancellationType,
  type ActivityOptions,
  proxyActivities,
  proxyLocalActivities,
  workflowInfo,
} from '@temporalio/workflow';
import type {
  AccountActivities,
  BrokerActivities,
  ExaminationActivities,
  HostActivities,
  LambdaActivities,
  LambdaExaminationActivities,
  LaunchActivities,
  NavarchActivities,
  OwnershipActivities,
  SweepActivities,
  TemporalActivities,
} from '../activities/types.ts';
import { taskQueuesOf } from '../contract/task-queues.ts';
import {
  EXAMINE_IN_ALL_MS,
  EXAMINE_MS,
  LAUNCH_SCHEDULE_TO_START_MS,
  LAUNCH_START_TO_CLOSE_MS,
  REQUEST_START_TO_CLOSE_MS,
  SURVEY_MS,
} from '../domain/deadlines.ts';
import { MINUTE, SECOND } from '../domain/durations.ts';
import { HOPELESS } from '../domain/failures.ts';

// How each kind of step is scheduled. The summary is what the Temporal UI's timeline shows.

/** The order of P6 within the account's request budget: terminate, then proofs and launches, then other reads. Lower goes first. */
const PRIORITY = { terminate: 1, proof: 2, launch: 2, boot: 3, capacity: 4, list: 5 } as const;

type Urgency = keyof typeof PRIORITY;

/**
 * A cancelled step hears of it at its next heartbeat that reaches the server, up to 24 seconds later, and one without heartbeats never. The
 * story does not wait for that, and is not told of a failure in the place of its cancellation: these steps only read, or act on a machine
 * that is being ended. The launch, and what unwinds, are shielded instead.
 */
const CANCELLED_AT_ONCE = { cancellationType: ActivityCancellationType.TRY_CANCEL } as const;

interface Limits {
  /** All attempts together, in milliseconds. Absent only where something else ends the wait. */
  readonly withinMs?: number;
}

function within(limits: Limits): Pick<ActivityOptions, 'scheduleToCloseTimeout'> {
  return limits.withinMs === undefined ? {} : { scheduleToCloseTimeout: Math.max(limits.withinMs, 1) };
}

/** Steps on the way to a node: what the request itself makes hopeless is not retried. */
export function lambda(summary: string, urgency: Urgency, limits: Limits = {}) {
  return proxyActivities<LambdaActivities>({
    summary,
    taskQueue: taskQueuesOf(workflowInfo().taskQueue).lambda,
    startToCloseTimeout: REQUEST_START_TO_CLOSE_MS,
    ...within(limits),
    ...CANCELLED_AT_ONCE,
    priority: { priorityKey: PRIORITY[urgency] },
    retry: {
      initialInterval: 5 * SECOND,
      maximumInterval: MINUTE,
      // Once there is a machine, a key that is refused for a moment must not cost it: the step's deadline decides.
      nonRetryableErrorTypes: HOPELESS.filter((type) => type !== 'unauthorized' || urgency !== 'boot'),
    },
  });
}

/** Steps of an unwind: retried without end, whatever the failure, backing off to minutes (P3). */
export function unwinding(summary: string, urgency: 'terminate' | 'proof', limits: Limits = {}) {
  return proxyActivities<LambdaActivities>({
    summary,
    taskQueue: taskQueuesOf(workflowInfo().taskQueue).lambda,
    startToCloseTimeout: REQUEST_START_TO_CLOSE_MS,
    ...within(limits),
    ...CANCELLED_AT_ONCE,
    priority: { priorityKey: PRIORITY[urgency] },
    retry: { initialInterval: 5 * SECOND, maximumInterval: 5 * MINUTE },
  });
}

/** Looks at the whole account, and terminates what nobody owns. `withinMs`: for a sweep, which the next one follows. */
export function sweeping(summary: string, urgency: Urgency, limits: Limits = {}) {
  return proxyActivities<SweepActivities>({
    summary,
    taskQueue: taskQueuesOf(workflowInfo().taskQueue).lambda,
    // After the list come two or three questions to Temporal for each of our instances.
    startToCloseTimeout: SURVEY_MS,
    heartbeatTimeout: MINUTE,
    ...within(limits),
    ...CANCELLED_AT_ONCE,
    priority: { priorityKey: PRIORITY[urgency] },
    retry: { initialInterval: 5 * SECOND, maximumInterval: 5 * MINUTE },
  });
}

/** The broker's looks, for everybody: one attempt each, for what is due next it decides itself. */
export function reading(summary: string, urgency: 'boot' | 'capacity') {
  return proxyActivities<AccountActivities>({
    summary,
    taskQueue: taskQueuesOf(workflowInfo().taskQueue).lambda,
    startToCloseTimeout: REQUEST_START_TO_CLOSE_MS,
    // Everybody waits for these: a worker that was killed in the middle of one is noticed soon.
    heartbeatTimeout: 12 * SECOND,
    ...within({ withinMs: READ_MS }),
    ...CANCELLED_AT_ONCE,
    priority: { priorityKey: PRIORITY[urgency] },
    retry: { maximumAttempts: 1 },
  });
}

/** What the broker asks of the account for those who come. */
export function asking(summary: string) {
  return proxyActivities<Pick<LambdaActivities, 'readSshKey' | 'checkRegions'>>({
    summary,
    taskQueue: taskQueuesOf(workflowInfo().taskQueue).lambda,
    startToCloseTimeout: MINUTE,
    ...within({ withinMs: READ_MS }),
    ...CANCELLED_AT_ONCE,
    priority: { priorityKey: PRIORITY.capacity },
    retry: { maximumAttempts: 1 },
  });
}

/** Behind terminates, proofs and launches it may take its time; by then what is wanted has changed. */
const READ_MS = 5 * MINUTE;

/** The one step that spends money: one attempt, for trying again is the saga's decision (P2). */
export function launchLane(summary: string) {
  return proxyActivities<LaunchActivities>({
    summary,
    taskQueue: taskQueuesOf(workflowInfo().taskQueue).lambda,
    priority: { priorityKey: PRIORITY.launch },
    scheduleToStartTimeout: LAUNCH_SCHEDULE_TO_START_MS,
    startToCloseTimeout: LAUNCH_START_TO_CLOSE_MS,
    retry: { maximumAttempts: 1 }, // P2
  });
}

/** Long steps on the machine or against Navarch. They heartbeat, so that a lost worker is noticed within half a minute. */
export function host(summary: string, limits: Required<Limits>) {
  return proxyActivities<HostActivities & NavarchActivities>({
    summary,
    startToCloseTimeout: Math.max(limits.withinMs, 1),
    ...within(limits),
    ...CANCELLED_AT_ONCE,
    heartbeatTimeout: 30 * SECOND,
    retry: {
      initialInterval: SECOND,
      maximumInterval: 30 * SECOND,
      nonRetryableErrorTypes: [...HOPELESS],
    },
  });
}

/** Looks at the worker itself: one attempt each, for the answer of a second one would be no truer. */
export function examination(summary: string) {
  return proxyActivities<ExaminationActivities>({ summary, ...EXAMINED });
}

/** The same, on the queue of Lambda's budget. */
export function lambdaExamination(summary: string) {
  return proxyActivities<LambdaExaminationActivities>({
    summary,
    ...EXAMINED,
    taskQueue: taskQueuesOf(workflowInfo().taskQueue).lambda,
    priority: { priorityKey: PRIORITY.list },
  });
}

const EXAMINED = {
  // The look ends by itself before that, with a better word.
  startToCloseTimeout: EXAMINE_MS + 5 * SECOND,
  scheduleToCloseTimeout: EXAMINE_IN_ALL_MS,
  ...CANCELLED_AT_ONCE,
  retry: { maximumAttempts: 1 },
} as const;

/**
 * So long a workflow task waits for an answer that comes in milliseconds. The worker does few tasks at once: where nobody answers, those of others,
 * the broker's among them, must not wait for long.
 */
const IN_PASSING_MS = 5 * SECOND;

/** Small questions as local activities, within the workflow task that asks: one attempt each. See `inPassing`. */
export function passing(summary: string) {
  return proxyLocalActivities<
    Pick<TemporalActivities, 'lookUpKeeper'> &
      Pick<BrokerActivities, 'joinLine'> &
      Pick<HostActivities, 'checkBootstrapSecrets'> &
      Pick<NavarchActivities, 'checkNavarch'>
  >({
    summary,
    startToCloseTimeout: IN_PASSING_MS,
    scheduleToCloseTimeout: IN_PASSING_MS,
    retry: { maximumAttempts: 1 }, // the step that follows does it again
  });
}

/** Pure work on the worker's secrets: takes milliseconds. A worker that is that busy, or cannot read them, is no reason to give a node up soon. */
export function derivation(summary: string) {
  return proxyLocalActivities<Pick<HostActivities, 'describeHostKey'>>({
    summary,
    startToCloseTimeout: 10 * SECOND,
    scheduleToCloseTimeout: 15 * MINUTE,
  });
}

/** Questions to Temporal itself; one that waits for a run to close is asked again every few seconds. */
export function temporal(summary: string, limits: Limits = {}) {
  return proxyActivities<TemporalActivities & OwnershipActivities & BrokerActivities>({
    summary,
    startToCloseTimeout: 30 * SECOND,
    ...within(limits),
    ...CANCELLED_AT_ONCE,
    retry: {
      initialInterval: SECOND,
      backoffCoefficient: 1.5,
      maximumInterval: 15 * SECOND,
      nonRetryableErrorTypes: [...HOPELESS],
    },
  });
}
