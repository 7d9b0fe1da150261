import { ActivityFailure, ApplicationFailure, TimeoutFailure, type RetryState } from '@temporalio/common';
import { expect, test } from 'vitest';
import { failingPlainly } from '../../../src/workflows/failures.ts';

function failedStep(cause: Error, retryState: RetryState = 'TIMEOUT'): ActivityFailure {
  return new ActivityFailure('Activity task failed', 'readSshKey', '1', retryState, 'worker', cause);
}

test('what a step failed with stands at the top of what the workflow fails with', async () => {
  const said = ApplicationFailure.create({ type: 'unauthorized', message: 'no', details: [{ code: 'x' }] });
  await expect(failingPlainly(() => Promise.reject(failedStep(said)))).rejects.toMatchObject({
    type: 'unauthorized',
    message: 'no',
    details: [{ code: 'x' }],
    nonRetryable: true,
  });
});

test('a step that got no answer at all in its time fails with a type of the contract, and is named', async () => {
  const timedOut = failedStep(new TimeoutFailure('timed out', undefined, 'START_TO_CLOSE'));
  await expect(failingPlainly(() => Promise.reject(timedOut))).rejects.toMatchObject({
    type: 'provider_unavailable',
    message: 'the step readSshKey got no answer in its time',
  });
});

test('what is no failure of a step passes as it is', async () => {
  const other = new Error('a defect');
  await expect(failingPlainly(() => Promise.reject(other))).rejects.toBe(other);
});
