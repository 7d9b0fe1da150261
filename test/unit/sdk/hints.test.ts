import { expectTypeOf, test } from 'vitest';
import type {
  FailureType,
  FieldProblem,
  LaunchRecord,
  ListedNode,
  Node,
  NodeProvisionerError,
  NodeProvision,
  Phase,
  Progress,
} from '../../../src/sdk/index.ts';
import {
  BootstrapFailedError,
  CapacityUnavailableError,
  HostKeyMismatchError,
  InvalidRequestError,
  MachineFailedError,
  NameConflictError,
  NodeProvisioner,
  NoWorkerError,
  ProviderUnavailableError,
  ProvisionCancelledError,
  ProvisioningError,
  TemporalUnreachableError,
  WorkflowLostError,
} from '../../../src/sdk/index.ts';

// What an editor shows a caller. `npm run types` is what fails here; running it only shows that nothing is thrown.

test('the main results have types of their own, not any', () => {
  expectTypeOf<typeof NodeProvisioner.connect>().returns.resolves.toEqualTypeOf<NodeProvisioner>();
  expectTypeOf<NodeProvisioner['provision']>().returns.resolves.toEqualTypeOf<NodeProvision>();
  expectTypeOf<NodeProvision['ready']>().returns.resolves.toEqualTypeOf<Node>();
  expectTypeOf<NodeProvision['status']>().returns.resolves.toEqualTypeOf<Progress>();
  expectTypeOf<NodeProvision['progress']>().returns.toEqualTypeOf<AsyncIterable<Progress>>();
  expectTypeOf<NodeProvision['cancel']>().returns.toEqualTypeOf<Promise<boolean>>();
  expectTypeOf<NodeProvisioner['list']>().returns.resolves.toEqualTypeOf<readonly ListedNode[]>();
  expectTypeOf<Node['gpus'][number]['uuid']>().toEqualTypeOf<string>();
  expectTypeOf<Progress['phase']>().toEqualTypeOf<Phase>();
  expectTypeOf<Phase>().not.toEqualTypeOf<string>();
});

test('a request is checked as it is written', () => {
  const provision = (provisioner: NodeProvisioner): unknown => [
    provisioner.provision({ name: 'a', instanceType: 'gpu_1x_a10', capacity: { waitUpTo: '2h' } }),
    // @ts-expect-error -- an instance type is missing
    provisioner.provision({ name: 'a' }),
    // @ts-expect-error -- a misspelt field
    provisioner.provision({ name: 'a', instanceType: 'gpu_1x_a10', pools: 'training' }),
    provisioner.list({ pool: 'training', phase: 'ready', labels: { team: 'vision' } }),
    // @ts-expect-error -- no such phase
    provisioner.list({ phase: 'readyish' }),
    // @ts-expect-error -- half of a pair would be refused; a key is text or a function
    NodeProvisioner.connect({ apiKey: 1 }),
  ];
  expectTypeOf(provision).toBeFunction();
});

test('a caught error narrows to what its class knows', () => {
  const handle = (error: unknown): void => {
    if (error instanceof MachineFailedError) {
      expectTypeOf(error.launches).toEqualTypeOf<readonly LaunchRecord[]>();
      if (error instanceof BootstrapFailedError) expectTypeOf(error.type).toEqualTypeOf<'bootstrap_failed'>();
      else if (error instanceof HostKeyMismatchError) expectTypeOf(error.type).toEqualTypeOf<'host_key_mismatch'>();
    } else if (error instanceof InvalidRequestError) {
      expectTypeOf(error.fields).toEqualTypeOf<readonly FieldProblem[]>();
    } else if (error instanceof NameConflictError) {
      expectTypeOf(error.fields).toEqualTypeOf<readonly string[]>();
    } else if (error instanceof ProviderUnavailableError) {
      expectTypeOf(error.type).toEqualTypeOf<'provider_unavailable' | 'rate_limited' | 'launch_outcome_unknown'>();
    } else if (error instanceof ProvisioningError) {
      expectTypeOf(error.type).toEqualTypeOf<FailureType>();
    } else if (error instanceof NoWorkerError) {
      expectTypeOf(error.taskQueue).toEqualTypeOf<string>();
    }
  };
  expectTypeOf(handle).toBeFunction();
});

test('a catch can be exhaustive: over the types of the contract, and over what is not of the contract', () => {
  const advice = (error: ProvisioningError): string => {
    switch (error.type) {
      case 'capacity_unavailable':
      case 'quota_exceeded':
      case 'rate_limited':
      case 'provider_unavailable':
      case 'launch_outcome_unknown':
        return 'later';
      case 'invalid_request':
      case 'name_conflict':
      case 'price_too_high':
      case 'deadline_exceeded':
      case 'gpu_unproven':
        return 'ask differently';
      case 'unauthorized':
        return 'call the administrator';
      case 'node_not_found':
      case 'instance_not_found':
        return 'nothing to do';
      case 'instance_failed':
      case 'ssh_unreachable':
      case 'gpu_unhealthy':
      case 'registration_failed':
      case 'bootstrap_failed':
      case 'host_key_mismatch':
        return 'bad machines';
      default:
        // Does not compile when a type is added and not handled above.
        return error.type satisfies never;
    }
  };
  const kind = (
    error: ProvisioningError | ProvisionCancelledError | WorkflowLostError | NoWorkerError | TemporalUnreachableError,
  ): string => {
    if (error instanceof ProvisioningError) return advice(error);
    if (error instanceof ProvisionCancelledError) return 'cancelled';
    if (error instanceof WorkflowLostError) return 'lost';
    if (error instanceof NoWorkerError) return error.taskQueue;
    if (error instanceof TemporalUnreachableError) return 'unreachable';
    return error satisfies never;
  };
  expectTypeOf(kind).returns.toBeString();
  expectTypeOf(new CapacityUnavailableError('none')).toExtend<NodeProvisionerError>();
});
