import { ServiceError } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { expect, test } from 'vitest';
import { unwrap } from '../../../src/sdk/unwrap.ts';
import { NodeProvisionerError, NoWorkerError } from '../../../src/sdk/index.ts';

/** What gRPC says when a call was cancelled, by whomever. */
function cancelled(): ServiceError {
  const cause = Object.assign(new Error('1 CANCELLED: Call cancelled'), {
    code: 1,
    details: 'Call cancelled',
    metadata: {},
  });
  return new ServiceError('Failed to query Workflow', { cause });
}

test('a query that the server cancels, because its worker died while it answered, found no worker: a watch goes on', () => {
  const error = unwrap(cancelled(), { taskQueue: 'navarch-provisioner', givenUp: false });
  expect(error).toBeInstanceOf(NoWorkerError);
  expect((error as NoWorkerError).taskQueue).toBe('navarch-provisioner');
});

test('a question that its asker gave up is not blamed on a worker', () => {
  const error = unwrap(cancelled(), { taskQueue: 'navarch-provisioner', givenUp: true });
  expect(error).toBeInstanceOf(NodeProvisionerError);
  expect(error).not.toBeInstanceOf(NoWorkerError);
});

test('a workflow that Temporal has forgotten is said to be so, by its id', () => {
  const error = unwrap(new WorkflowNotFoundError('not found', 'provision-node/n', undefined), {
    workflowId: 'provision-node/n',
  });
  expect(error).toBeInstanceOf(NodeProvisionerError);
  expect((error as Error).message).toContain('Temporal does not know provision-node/n');
});
