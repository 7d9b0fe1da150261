import { waitingLineQuery, type WaitingLine } from '../contract/account-broker.ts';
import { accountBrokerId } from '../contract/workflow-ids.ts';
import type { Caller } from './caller.ts';
import { askWorkflow, runningRun } from './node-status.ts';

/** The line of an account, as its broker keeps it. Without a broker nobody waits. @throws NoWorkerError: only a worker can answer */
export async function readWaitingLine(caller: Caller, account: string | undefined): Promise<WaitingLine> {
  const workflowId = accountBrokerId(account);
  if ((await runningRun(caller, workflowId)) === undefined) return { total: 0, nodes: [] };
  return askWorkflow(caller, workflowId, waitingLineQuery, {});
}
