import { ScheduleAlreadyRunning, ScheduleNotFoundError, ScheduleOverlapPolicy } from '@temporalio/client';
import type { Client, ScheduleOptions } from '@temporalio/client';
import { sweepScheduleId, WORKFLOW_TYPE } from './contract/workflow-ids.ts';
import { SWEEP_INTERVAL_MS, SWEEP_TIMEOUT_MS } from './domain/deadlines.ts';

/** Each takes somebody who deletes the Schedule in the same instant: more is not bad luck. */
const MOST_TRIES = 3;

/**
 * The Schedule that sweeps an account for orphans (P5). Every worker makes sure of it when it starts; it may be repeated, by several at once,
 * and by another version, whose settings then hold. Whether an operator has paused it stays as it is.
 */
export async function ensureSweepSchedule(
  client: Client,
  { account, taskQueue }: { readonly account: string | undefined; readonly taskQueue: string },
): Promise<void> {
  const scheduleId = sweepScheduleId(account);
  const wanted = {
    spec: { intervals: [{ every: SWEEP_INTERVAL_MS }] },
    action: {
      type: 'startWorkflow',
      workflowType: WORKFLOW_TYPE.sweepOrphans,
      workflowId: scheduleId,
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
  for (let tries = 1; ; tries += 1) {
    try {
      await client.schedule.create({ scheduleId, ...wanted });
      return;
    } catch (error) {
      if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    }
    try {
      await client.schedule.getHandle(scheduleId).update(({ state }) => ({ ...wanted, state }));
      return;
    } catch (error) {
      // Somebody has deleted it between the two.
      if (!(error instanceof ScheduleNotFoundError) || tries === MOST_TRIES) throw error;
    }
  }
}
