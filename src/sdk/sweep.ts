import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import { sweepRequest, type SweepResult } from '../contract/sweep.ts';
import { sweepScheduleId, WORKFLOW_TYPE } from '../contract/workflow-ids.ts';
import { SWEEP_TIMEOUT_MS } from '../domain/deadlines.ts';
import { resultOf, type Caller } from './caller.ts';
import { startOrJoin } from './start.ts';
import { parsed } from './unwrap.ts';

// The ledger is what sweeps note for each other: callers neither give nor get one.

const sweepOptions = sweepRequest.omit({ ledger: true });

/** What may be asked of a sweep by hand. Default: to do what the scheduled ones do. */
export type SweepOptions = z.input<typeof sweepOptions>;

/** What a sweep saw, and what it did. */
export type SweepReport = Omit<SweepResult, 'ledger'>;

export async function sweep(caller: Caller, account: string | undefined, options: SweepOptions): Promise<SweepReport> {
  const request = parsed(sweepOptions, options);
  const dryRun = request.dryRun === true;
  const handle = await startOrJoin(caller, WORKFLOW_TYPE.sweepOrphans, {
    // Each is its own: one that runs on the Schedule's behalf was asked for something else.
    workflowId: `${sweepScheduleId(account)}/by-hand/${randomUUID()}`,
    request,
    summary: dryRun
      ? 'by hand: shows which instances of ours have no owner, ends none'
      : 'by hand: ends instances of ours that no workflow owns any more',
    withinMs: SWEEP_TIMEOUT_MS,
  });
  return withoutLedger(await resultOf<SweepResult>(caller, handle, dryRun ? 'question' : 'wish'));
}

function withoutLedger(result: SweepReport & Partial<Pick<SweepResult, 'ledger'>>): SweepReport {
  const report = { ...result };
  delete report.ledger;
  return report;
}
