import { afterEach, expect, test } from 'vitest';
import type { WorldOptions } from '../../src/demo/world.ts';
import { expectCleanSlate } from '../support/clean-slate.ts';
import { endingOf, startProvision, type Ending } from '../support/provisions.ts';
import { skippedWorld, type SkippedWorld } from '../support/skipped-world.ts';

// Every failure type a provision can end with, each from what Lambda, SSH or Navarch do in life, and each with nothing left behind.

let world: SkippedWorld | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

async function endOf(request: Readonly<Record<string, unknown>>, options: Partial<WorldOptions> = {}): Promise<Ending> {
  world = await skippedWorld(options);
  const provision = await startProvision(world.client, world.taskQueue, request);
  const ending = await endingOf(provision.result());
  expectCleanSlate(world.simulator);
  return ending;
}

test('a bad request fails at once and names every field', async () => {
  const ending = await endOf({ name: 'x'.repeat(60), sshKeyNames: ['a', 'b'], colour: 'red', instanceType: undefined });
  expect(ending.type).toBe('invalid_request');
  for (const field of ['name: ', 'sshKeyNames: ', 'colour: unknown field', 'instanceType: is missing']) {
    expect(ending.message).toContain(field);
  }
  // The worker's own look at the account, when it started, is all that Lambda heard.
  const asked = world?.simulator.record.requests.map(({ operation }) => operation);
  expect(asked?.filter((operation) => operation !== 'ssh-keys')).toEqual([]);
});

test('an SSH key the account does not have is an invalid request, before anything is launched', async () => {
  const ending = await endOf({ sshKeyNames: ['nobody'] });
  expect(ending).toMatchObject({ type: 'invalid_request' });
  expect(ending.message).toMatch(/sshKeyNames: the Lambda account has no SSH key named nobody \(it has: provisioner\)/);
});

test('a type without GPUs is refused where the agent would invent some, before anything is launched', async () => {
  const ending = await endOf({ instanceType: 'cpu_4x_general' });
  expect(ending).toMatchObject({ type: 'invalid_request' });
  expect(ending.message).toContain("registration: 'direct'");
  expect(world?.simulator.record.instances).toEqual([]);
});

test('a region Lambda does not have is an invalid request, not an endless wait', async () => {
  const ending = await endOf({ region: ['us-east-1', 'moon-1'] });
  expect(ending).toMatchObject({ type: 'invalid_request' });
  expect(ending.message).toContain('region: Lambda has no region moon-1');
});

test('a type Lambda does not offer is an invalid request', async () => {
  const ending = await endOf({ instanceType: ['gpu_1x_a10', 'gpu_9x_z900'] });
  expect(ending).toMatchObject({ type: 'invalid_request' });
  expect(ending.message).toContain('gpu_9x_z900');
});

test('an image Lambda does not have is an invalid request, said by the launch', async () => {
  const ending = await endOf({ image: { family: 'windows-95' } });
  expect(ending).toMatchObject({ type: 'invalid_request' });
  expect(ending.message).toMatch(/^lambda API error: .* \(code: global\/object-does-not-exist\)$/);
});

test('types above the price cap are too expensive at once', async () => {
  const ending = await endOf({ maxPricePerHourUsd: 1 });
  expect(ending).toMatchObject({ type: 'price_too_high' });
  expect(ending.message).toContain('gpu_1x_h100_sxm5 $4.29');
});

test('capacity that never comes fails only when the wait for it is over', async () => {
  const before = Date.now();
  const ending = await endOf({ capacity: { waitUpTo: '2h' } }, { capacity: { kind: 'none' } });
  expect(ending).toMatchObject({ type: 'capacity_unavailable' });
  expect(ending.message).toContain('within 2h');
  expect(((await world?.temporal.currentTimeMs()) ?? 0) - before).toBeGreaterThanOrEqual(2 * 3_600_000 - 60_000);
});

test('a wrong API key fails now, before anything is launched', async () => {
  const ending = await endOf({}, { environment: { LAMBDA_API_KEY: 'secret_wrong', LAMBDA_REQUEST_INTERVAL: '1ms' } });
  expect(ending).toMatchObject({ type: 'unauthorized' });
  expect(ending.message).toContain('(code: global/invalid-api-key)');
});

test('an instance that turns unhealthy instead of active costs a launch; the last one says why', async () => {
  const ending = await endOf({ maxLaunches: 2 }, { faults: [{ on: 'instance', do: { kind: 'unhealthy' } }] });
  expect(ending).toMatchObject({ type: 'instance_failed' });
  expect(ending.message).toMatch(/unhealthy instead of active \(2 of 2 launches used; all undone\)/);
  expect(world?.simulator.record.instances).toHaveLength(2);
});

test('an instance that never gets an address is given up at its deadline', async () => {
  const ending = await endOf(
    { maxLaunches: 1, deadlines: { address: '5m' } },
    { faults: [{ on: 'instance', do: { kind: 'address', when: 'never' } }] },
  );
  expect(ending).toMatchObject({ type: 'instance_failed' });
  expect(ending.message).toContain('did not get an address within 5m');
});

test('a provision that is not done by its own deadline is undone', async () => {
  const ending = await endOf(
    { deadlines: { whole: '4m' } },
    { faults: [{ on: 'instance', do: { kind: 'address', when: 'never' } }] },
  );
  expect(ending).toMatchObject({ type: 'deadline_exceeded' });
  expect(world?.simulator.record.instances).toHaveLength(1);
});

test('a launch without a readable answer that created nothing is settled by looking, then tried again', async () => {
  const ending = await endOf(
    { maxLaunches: 1, capacity: { waitUpTo: '1h' } },
    {
      faults: [
        { on: 'launch', nth: 1, do: { kind: 'error', status: 500, body: 'html' } },
        { on: 'instance', do: { kind: 'unhealthy' } },
      ],
    },
  );
  expect(ending).toMatchObject({ type: 'instance_failed' });
  expect(world?.simulator.record.requests.filter(({ operation }) => operation === 'launch')).toHaveLength(2);
});

test('an account that stays full fails with that when the wait is over, and does not knock for ever', async () => {
  const fault = { kind: 'error', status: 400, code: 'global/quota-exceeded', message: 'Quota exceeded.' } as const;
  const ending = await endOf({ capacity: { waitUpTo: '20m' } }, { faults: [{ on: 'launch', do: fault }] });
  expect(ending).toMatchObject({ type: 'quota_exceeded' });
  expect(ending.message).toContain('no launch of gpu_1x_h100_sxm5 in any region was accepted within 20m');
});

test('a machine that never shows the host key chosen for it is given up, and nothing was sent to it', async () => {
  const ending = await endOf(
    { maxLaunches: 1, deadlines: { ssh: '4s' } },
    { faults: [{ on: 'machine', do: { ignoresUserData: true } }] },
  );
  expect(ending).toMatchObject({ type: 'host_key_mismatch' });
  expect(world?.simulator.record.commands).toEqual([]);
});

test('a machine whose sshd never comes up is given up at its deadline', async () => {
  const ending = await endOf(
    { maxLaunches: 1, deadlines: { ssh: '4s' } },
    { faults: [{ on: 'machine', do: { sshAfterMs: 1e9 } }] },
  );
  expect(ending).toMatchObject({ type: 'ssh_unreachable' });
  expect(ending.message).toMatch(/127[.].*: nothing listens for SSH/);
});

test('a bootstrap that fails says its exit code, its step and its last lines', async () => {
  const ending = await endOf({
    maxLaunches: 1,
    bootstrap: { commands: ['true', 'echo no disk for {{.NodeID}}; exit 7'] },
  });
  expect(ending).toMatchObject({ type: 'bootstrap_failed' });
  expect(ending.message).toContain('exit code 7 (step: command 2 of 2): no disk for ');
});

test('a node that never registers with Navarch is given up at its deadline', async () => {
  const ending = await endOf({ maxLaunches: 1, bootstrap: { commands: ['true'] }, deadlines: { registration: '4s' } });
  expect(ending).toMatchObject({ type: 'registration_failed' });
  expect(ending.message).toContain('Navarch does not know the node yet');
});
