import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, RetryState, TerminatedFailure } from '@temporalio/common';
import { describe, expect, test } from 'vitest';
import { FAILURE_TYPES, type FailureType } from '../../../src/domain/failures.ts';
import * as sdk from '../../../src/sdk/index.ts';
import { workflowUrl } from '../../../src/sdk/temporal-ui.ts';
import { unwrap } from '../../../src/sdk/unwrap.ts';

const place = {
  workflowId: 'provision-node/trainer-1',
  runId: 'a-run',
  url: 'https://cloud.temporal.io/namespaces/gpu.a1b2c/workflows/provision-node%2Ftrainer-1/a-run/history',
};

function failed(cause: Error, about: object = place): unknown {
  return unwrap(new WorkflowFailedError('Workflow execution failed', cause, RetryState.NON_RETRYABLE_FAILURE), about);
}

function ofType(type: string, details?: unknown): ApplicationFailure {
  return ApplicationFailure.create({ type, message: `it is ${type}`, details: [details] });
}

const CLASSES = {
  capacity_unavailable: sdk.CapacityUnavailableError,
  invalid_request: sdk.InvalidRequestError,
  unauthorized: sdk.UnauthorizedError,
  instance_not_found: sdk.InstanceNotFoundError,
  node_not_found: sdk.NodeNotFoundError,
  quota_exceeded: sdk.QuotaExceededError,
  rate_limited: sdk.ProviderUnavailableError,
  provider_unavailable: sdk.ProviderUnavailableError,
  launch_outcome_unknown: sdk.ProviderUnavailableError,
  instance_failed: sdk.MachineFailedError,
  host_key_mismatch: sdk.HostKeyMismatchError,
  ssh_unreachable: sdk.MachineFailedError,
  gpu_unhealthy: sdk.MachineFailedError,
  gpu_unproven: sdk.GpuUnprovenError,
  bootstrap_failed: sdk.BootstrapFailedError,
  registration_failed: sdk.MachineFailedError,
  deadline_exceeded: sdk.DeadlineExceededError,
  name_conflict: sdk.NameConflictError,
  price_too_high: sdk.PriceTooHighError,
} satisfies Record<FailureType, unknown>;

test.each(FAILURE_TYPES)('%s has a class, which names itself and keeps the type', (type) => {
  const error = failed(ofType(type));
  expect(error).toBeInstanceOf(CLASSES[type]);
  expect(error).toBeInstanceOf(sdk.ProvisioningError);
  expect(error).toMatchObject({ type, name: CLASSES[type].name, reason: `it is ${type}`, ...place });
});

test('a machine that failed tells of each launch, whatever its class; a bootstrap is caught as either', () => {
  const launch = {
    token: 't',
    instanceType: 'gpu_1x_a10',
    region: 'us-west-1',
    sentAt: '2026-11-28T00:00:00Z',
    failure: 'no SSH',
  };
  for (const type of ['ssh_unreachable', 'bootstrap_failed', 'host_key_mismatch'] as const) {
    const error = failed(ofType(type, [launch, { token: 1 }, null]));
    expect(error).toBeInstanceOf(sdk.MachineFailedError);
    expect(error).toMatchObject({ launches: [launch] });
    expect(failed(ofType(type, { lastLines: [] }))).toMatchObject({ launches: [], details: { lastLines: [] } });
  }
});

describe('the message', () => {
  test("ends in the workflow's id and its address in the Temporal UI", () => {
    expect(failed(ofType('gpu_unhealthy'))).toMatchObject({
      message: `it is gpu_unhealthy (workflow provision-node/trainer-1, ${place.url})`,
    });
  });

  test('names the id alone where the UI is not known, and nothing where there is no workflow', () => {
    const { workflowId } = place;
    expect(failed(ofType('gpu_unhealthy'), { workflowId })).toMatchObject({
      message: 'it is gpu_unhealthy (workflow provision-node/trainer-1)',
    });
    expect(failed(ofType('gpu_unhealthy'), {})).toMatchObject({ message: 'it is gpu_unhealthy' });
  });

  test('does not name the id twice', () => {
    expect(failed(new CancelledFailure('Workflow canceled'))).toMatchObject({
      name: 'ProvisionCancelledError',
      message: `provision-node/trainer-1 was cancelled (${place.url})`,
    });
    expect(failed(new TerminatedFailure('by hand'))).toMatchObject({
      name: 'WorkflowLostError',
      message: `provision-node/trainer-1 was terminated: by hand (${place.url})`,
    });
    expect(failed(new Error('a defect'))).toMatchObject({
      name: 'NodeProvisionerError',
      message: `provision-node/trainer-1 failed: a defect (${place.url})`,
    });
  });
});

test("an address leads to the run, or to the id's latest", () => {
  expect(workflowUrl('http://localhost:8233/', 'default', 'node/a', undefined)).toBe(
    'http://localhost:8233/namespaces/default/workflows/node%2Fa',
  );
  expect(workflowUrl('https://ui.example.com/temporal', 'gpu', 'node/a', 'r')).toBe(
    'https://ui.example.com/temporal/namespaces/gpu/workflows/node%2Fa/r/history',
  );
});
