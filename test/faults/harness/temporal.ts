import {
  ScheduleNotFoundError,
  WorkflowNotFoundError,
  type Client,
  type WorkflowExecutionDescription,
} from '@temporalio/client';
import { sweepScheduleId } from '../../../src/contract/workflow-ids.ts';

/** The running execution of that id, if there is one. */
export async function running(client: Client, workflowId: string): Promise<WorkflowExecutionDescription | undefined> {
  try {
    const description = await client.workflow.getHandle(workflowId).describe();
    return description.status.name === 'RUNNING' ? description : undefined;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

/** Each worker makes sure that its account is swept. Here sweeps are part of a story, or are not there. */
export async function withoutSchedule(client: Client, account: string): Promise<void> {
  try {
    await client.schedule.getHandle(sweepScheduleId(account)).delete();
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
  }
}

/** Asked of a workflow that may have closed meanwhile, or never have run. */
export async function ifRunning(ask: () => Promise<unknown>): Promise<void> {
  try {
    await ask();
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}
