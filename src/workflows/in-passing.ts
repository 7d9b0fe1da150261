import { TemporalFailure } from '@temporalio/common';
import { isCancellation } from '@temporalio/workflow';

/**
 * Asks within the workflow task, by a local activity, what nearly always is answered in a moment: that spares the history five events and the
 * worker a task, which for a workflow that has left its cache is a replay. What was not answered, or answered badly, goes on as a step that
 * everybody sees, and that is retried.
 */
export async function inPassing<T>(ask: () => Promise<T>, otherwise: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    // Not ActivityFailure: in a replay, a local activity's time-out comes without that envelope.
    if (isCancellation(error) || !(error instanceof TemporalFailure)) throw error;
    return otherwise();
  }
}
