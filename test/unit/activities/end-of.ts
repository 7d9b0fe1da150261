import { ApplicationFailure } from '@temporalio/common';

/** How a step failed. */
export async function endOf(step: Promise<unknown>): Promise<{ readonly type: string; readonly message: string }> {
  try {
    return { type: 'completed', message: JSON.stringify(await step) };
  } catch (error) {
    if (!(error instanceof ApplicationFailure)) throw error;
    return { type: error.type ?? '', message: error.message };
  }
}
