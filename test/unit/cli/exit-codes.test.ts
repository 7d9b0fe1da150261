import { WorkflowFailedError, WorkflowUpdateFailedError, ServiceError } from '@temporalio/client';
import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  NamespaceNotFoundError,
  RetryState,
  TerminatedFailure,
} from '@temporalio/common';
import { expect, test } from 'vitest';
import { invalidRequest } from '../../../src/contract/parse.ts';
import { EXIT_CODE_MEANING, exitCodeOf } from '../../../src/cli/exit-codes.ts';
import { explain } from '../../../src/cli/explain.ts';
import { InterruptedError } from '../../../src/cli/interrupted.ts';
import { PersonNeededError } from '../../../src/cli/person-needed.ts';
import { UsageError } from '../../../src/cli/usage-error.ts';
import { ConfigurationError } from '../../../src/config.ts';
import { FAILURE_TYPES, type FailureType } from '../../../src/domain/failures.ts';
import { NameConflictError, NoWorkerError, ProvisioningError } from '../../../src/sdk/index.ts';
import { unwrap } from '../../../src/sdk/unwrap.ts';

const asked = { workflowId: 'provision-node/n', taskQueue: 'navarch-provisioner' };

function failed(cause: Error): unknown {
  return unwrap(new WorkflowFailedError('Workflow execution failed', cause, RetryState.NON_RETRYABLE_FAILURE), asked);
}

function ofType(type: string, details?: unknown): ApplicationFailure {
  return ApplicationFailure.create({ type, message: `it is ${type}`, nonRetryable: true, details: [details] });
}

function inActivity(cause: Error): ActivityFailure {
  return new ActivityFailure(
    'Activity task failed',
    'readSshKey',
    '1',
    RetryState.NON_RETRYABLE_FAILURE,
    'worker',
    cause,
  );
}

function grpc(code: number, details: string): ServiceError {
  const cause = Object.assign(new Error(`${code}: ${details}`), { code, details, metadata: {} });
  return new ServiceError('Failed to query Workflow', { cause });
}

const OWN_CODES: Partial<Record<FailureType, number>> = {
  invalid_request: 2,
  capacity_unavailable: 3,
  name_conflict: 5,
  node_not_found: 6,
};

test.each(FAILURE_TYPES)('a workflow that fails with %s gives its exit code, its message and its type', (type) => {
  const error = failed(ofType(type));
  expect(error).toBeInstanceOf(ProvisioningError);
  expect(error).toMatchObject({ type, reason: `it is ${type}`, workflowId: 'provision-node/n' });
  expect(exitCodeOf(error)).toBe(OWN_CODES[type] ?? 4);
  expect(explain(error)?.sentence).toBe(`it is ${type}`);
});

test('the reason is found below the step that failed with it', () => {
  const error = failed(inActivity(ofType('unauthorized')));
  expect(error).toMatchObject({ name: 'UnauthorizedError', type: 'unauthorized' });
  expect(explain(error)?.advice).toContain('LAMBDA_API_KEY');
});

test('a failure of the story is the reason, not the failure that it came from', () => {
  const error = failed(
    ApplicationFailure.create({
      type: 'instance_failed',
      message: '3 of 3 launches used',
      cause: ofType('ssh_unreachable'),
    }),
  );
  expect(error).toMatchObject({ type: 'instance_failed', reason: '3 of 3 launches used' });
});

test('a refused request names the fields, each with the flag that gives it', () => {
  const refused = invalidRequest([
    { field: 'sshKeyNames', problem: 'must name exactly one SSH key' },
    { field: 'deadlines.ssh', problem: 'must be a duration' },
    { field: 'nonsense', problem: 'unknown field' },
  ]);
  const error = failed(refused);
  expect(exitCodeOf(error)).toBe(2);
  expect(explain(error)?.sentence).toBe(
    'invalid request: sshKeyNames (--ssh-key): must name exactly one SSH key; deadlines.ssh (--deadline): must be a duration; nonsense: unknown field',
  );
});

test('a rejected update is a name conflict that names the differing fields', () => {
  const cause = ofType('name_conflict', { fields: ['instanceType', 'pool'] });
  const error = unwrap(new WorkflowUpdateFailedError('Workflow Update failed', cause), asked);
  expect(error).toBeInstanceOf(NameConflictError);
  expect(error).toMatchObject({ fields: ['instanceType', 'pool'] });
  expect(exitCodeOf(error)).toBe(5);
});

test('details of a shape that another version may send do no harm', () => {
  expect(failed(ofType('name_conflict', 'text'))).toMatchObject({ fields: [] });
  expect(failed(ofType('invalid_request', { fields: [{ field: 1 }, null] }))).toMatchObject({ fields: [] });
});

test('cancelled and terminated are different ends: only one of them has undone everything', () => {
  const cancelled = failed(new CancelledFailure('Workflow canceled'));
  expect(cancelled).toMatchObject({ name: 'ProvisionCancelledError', message: 'provision-node/n was cancelled' });
  expect(exitCodeOf(cancelled)).toBe(4);
  expect(exitCodeOf(failed(inActivity(new CancelledFailure('cancelled'))))).toBe(4);
  const terminated = failed(new TerminatedFailure('by hand'));
  expect(terminated).toMatchObject({ name: 'WorkflowLostError', message: 'provision-node/n was terminated: by hand' });
  expect(exitCodeOf(terminated)).toBe(1);
  expect(explain(terminated)?.advice).toContain('navarch-provisioner sweep --dry-run');
});

test('of a workflow that owns nothing, neither end has undone or left anything', () => {
  const sweep = { workflowId: 'sweep-orphans/default/by-hand/1' };
  for (const cause of [new CancelledFailure('Workflow canceled'), new TerminatedFailure('by hand')]) {
    const error = unwrap(new WorkflowFailedError('failed', cause, RetryState.NON_RETRYABLE_FAILURE), sweep);
    expect(explain(error)?.sentence).toContain(sweep.workflowId);
    expect(explain(error)?.advice).toBeUndefined();
  }
});

test('a failure that no type of the contract names is unexpected, and still says why', () => {
  const error = failed(ofType('TypeError'));
  expect(exitCodeOf(error)).toBe(1);
  expect(explain(error)?.sentence).toBe('provision-node/n failed: it is TypeError');
});

test('Temporal that is away, refuses us or knows no worker gives 7', () => {
  for (const error of [
    grpc(14, 'No connection established'),
    grpc(4, 'Deadline exceeded'),
    grpc(7, 'Request unauthorized.'),
    grpc(9, 'no poller seen for task queue recently, worker may be down'),
    new NamespaceNotFoundError('nope'),
  ]) {
    expect(exitCodeOf(unwrap(error, asked))).toBe(7);
  }
  expect(unwrap(grpc(9, 'no poller seen'), asked)).toBeInstanceOf(NoWorkerError);
  expect(explain(new NoWorkerError('navarch-provisioner-b'))?.sentence).toBe(
    'no worker polls task queue navarch-provisioner-b: start one with `navarch-provisioner worker`',
  );
});

test('wrong usage and wrong configuration give 2, an interruption 130, what a person should look at 8, anything else 1', () => {
  expect(exitCodeOf(new UsageError('--label: give key=value'))).toBe(2);
  expect(exitCodeOf(new ConfigurationError('configuration: LAMBDA_API_KEY is not set'))).toBe(2);
  expect(exitCodeOf(new InterruptedError('interrupted'))).toBe(130);
  expect(exitCodeOf(new PersonNeededError(['an owner is in trouble']))).toBe(8);
  expect(exitCodeOf(new TypeError('x is not a function'))).toBe(1);
});

test('a message of many lines, or with escape sequences, is said in one clean line', () => {
  const error = failed(
    ApplicationFailure.create({ type: 'bootstrap_failed', message: 'exit 70:\n\u001b[31mno such\tfile\r\n' }),
  );
  expect(explain(error)?.sentence).toBe('exit 70: [31mno such file');
});

test('each exit code is said to mean something else', () => {
  const meanings = Object.values(EXIT_CODE_MEANING);
  expect(new Set(meanings).size).toBe(meanings.length);
});
