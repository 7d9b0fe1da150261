import type { Client } from '@temporalio/client';
import { sweepScheduleId } from '../contract/workflow-ids.ts';
import { SWEEP_INTERVAL_MS } from '../domain/deadlines.ts';
import { formatDuration } from '../domain/durations.ts';
import { ensureSweepSchedule, readSweepSchedule, type SweepScheduleTarget } from '../sweep-schedule.ts';
import { scheduleCommand, type Place } from './admin-commands.ts';
import { refusalOf, type Part } from './part.ts';

/** Makes the Schedule that sweeps for orphans, or sets it right. Whether an operator has paused it stays as it is. */
export async function setUpSchedule(
  client: Client,
  place: Place,
  target: SweepScheduleTarget,
  dryRun: boolean,
): Promise<Part> {
  const every = formatDuration(SWEEP_INTERVAL_MS);
  const part = `Schedule ${sweepScheduleId(target.account)}, every ${every} on task queue ${target.taskQueue}`;
  let verb: 'create' | 'update' = 'create';
  try {
    const found = await readSweepSchedule(client, target);
    if (found?.asWanted === true) return { part, outcome: 'present' };
    if (found !== undefined) verb = 'update';
    if (!dryRun) await ensureSweepSchedule(client, target);
    return { part, outcome: verb === 'create' ? 'created' : 'updated' };
  } catch (error) {
    const why = refusalOf(error);
    if (why === undefined) throw error;
    return { part, outcome: 'not_done', why, todo: [scheduleCommand(place, { ...target, verb })] };
  }
}
