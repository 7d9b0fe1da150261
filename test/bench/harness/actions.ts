import type { temporal } from '@temporalio/proto';

type Event = temporal.api.history.v1.IHistoryEvent;

/**
 * What Temporal Cloud bills, event by event, as its list of Actions says. Everything else is free: completions, replay, memos, markers of
 * versions, the answer to an update, search attributes given at the start. Not in a history: heartbeats (one each that reaches the server),
 * queries (one each), an update that was rejected (one).
 */
const ACTIONS = {
  workflowExecutionStartedEventAttributes: 1,
  activityTaskScheduledEventAttributes: 1,
  timerStartedEventAttributes: 1,
  workflowExecutionSignaledEventAttributes: 1,
  signalExternalWorkflowExecutionInitiatedEventAttributes: 1,
  workflowExecutionUpdateAcceptedEventAttributes: 1,
  upsertWorkflowSearchAttributesEventAttributes: 1,
  // The intent and the start.
  startChildWorkflowExecutionInitiatedEventAttributes: 2,
} as const satisfies Partial<Record<keyof Event, number>>;

const LOCAL_ACTIVITY = 'core_local_activity';

/** Billable Actions that a history shows. */
export function actionsOf(events: readonly Event[]): number {
  const listed = events.reduce((sum, event) => sum + listedActions(event), 0);
  const retries = events.reduce((sum, { activityTaskStartedEventAttributes: started }) => {
    return sum + Math.max((started?.attempt ?? 1) - 1, 0);
  }, 0);
  return listed + retries + localActivityTasks(events);
}

function listedActions(event: Event): number {
  return (Object.keys(ACTIONS) as (keyof typeof ACTIONS)[])
    .filter((attributes) => event[attributes] != null)
    .reduce((sum, attributes) => sum + ACTIONS[attributes], 0);
}

/** All local activities of one workflow task are one Action. */
function localActivityTasks(events: readonly Event[]): number {
  const markers = events.flatMap(({ markerRecordedEventAttributes: marker }) => (marker == null ? [] : [marker]));
  const local = markers.filter(({ markerName }) => markerName === LOCAL_ACTIVITY);
  return new Set(local.map(({ workflowTaskCompletedEventId }) => String(workflowTaskCompletedEventId))).size;
}

/** Activities that a run had done, whether the server handed them to a worker or the workflow's own did them in passing. */
export function activitiesOf(events: readonly Event[]): number {
  return events.filter(
    ({ activityTaskScheduledEventAttributes: scheduled, markerRecordedEventAttributes: marker }) =>
      scheduled != null || marker?.markerName === LOCAL_ACTIVITY,
  ).length;
}

/** Attempts that activities which still run have had beyond their first: billed already, and not in the history yet. */
export function retriesUnderWay(pending: readonly temporal.api.workflow.v1.IPendingActivityInfo[]): number {
  return pending.reduce((sum, { attempt }) => sum + Math.max((attempt ?? 1) - 1, 0), 0);
}
