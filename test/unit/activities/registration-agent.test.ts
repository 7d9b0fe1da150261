import { MockActivityEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DEFAULT_LOOKS, type ActivityDependencies } from '../../../src/activities/dependencies.ts';
import { createNavarchActivities } from '../../../src/activities/navarch.ts';
import type { RegistrationInput } from '../../../src/activities/types.ts';
import { NavarchClient } from '../../../src/clients/navarch/index.ts';
import { absentMachine, startSimulator, type Simulator } from '../../../src/simulator/index.ts';
import { privateKey, until } from '../machines/machine-support.ts';
import { bootstrapping, type Bootstrapping, type World } from './bootstrap-support.ts';
import { endOf } from './end-of.ts';

// With the agent on a machine, as the bootstrap installs it, and the simulator's control plane.

const TOKEN = 'the-right-token';
const NODE = '/usr/local/bin/navarch-node';
const FACTOR = 20;

let simulator: Simulator;
let navarch: NavarchClient;

beforeEach(async () => {
  simulator = await startSimulator({
    seed: 1,
    createMachine: absentMachine,
    navarchToken: TOKEN,
    clockFactor: FACTOR,
    // A busy machine is late; no silence is to count here but those that a test makes.
    heartbeatTimeoutMs: 3_600_000,
  });
  navarch = new NavarchClient({ baseUrl: simulator.navarchUrl, authToken: TOKEN });
});
afterEach(() => simulator.close());

interface Registering extends Bootstrapping {
  readonly wait: (
    more?: Partial<RegistrationInput>,
    withinMs?: number,
  ) => ReturnType<ReturnType<typeof createNavarchActivities>['awaitRegistration']>;
}

/** A machine whose agent was just installed, and the step that waits for it. */
async function registering(world: World = {}): Promise<Registering> {
  const bootstrapped = await bootstrapping({
    factor: FACTOR,
    token: TOKEN,
    controlPlaneUrl: simulator.navarchUrl,
    ...world,
  });
  const { spec } = bootstrapped.machine;
  await bootstrapped.worker().bootstrap();
  const activities = createNavarchActivities({
    navarch,
    looks: { ...DEFAULT_LOOKS, hostMs: 20, forgottenMs: 500 },
    ssh: { privateKeys: () => Promise.resolve([privateKey]), username: 'ubuntu', port: spec.sshPort },
  } as unknown as ActivityDependencies);
  const [gpu] = spec.gpus;
  const input: RegistrationInput = {
    nodeId: 'i-1',
    region: 'us-south-2',
    instanceType: 'gpu_1x_h100_sxm5',
    host: { address: spec.address, launchToken: 'token1', isTrusted: true },
    gpus: [{ index: 0, uuid: gpu?.uuid ?? '', model: gpu?.name ?? '', memoryMib: gpu?.memoryMiB ?? 0 }],
    allowFakeGpus: false,
    mode: 'agent',
  };
  return {
    ...bootstrapped,
    wait: (more = {}, withinMs = 60_000) => {
      const environment = new MockActivityEnvironment({
        startToCloseTimeoutMs: withinMs,
        scheduleToCloseTimeoutMs: withinMs,
        heartbeatTimeoutMs: 200,
      });
      return environment.run((given: RegistrationInput) => activities.awaitRegistration(given), { ...input, ...more });
    },
  };
}

function agents({ machine }: Bootstrapping): number {
  return machine.processes().filter(([name]) => name === NODE).length;
}

describe('an agent on its machine', () => {
  test('is believed when it registered the GPUs that were seen there, and is heard', async () => {
    const world = await registering();
    const { gpus, fakeGpus } = await world.wait();
    expect(gpus.map(({ uuid }) => uuid)).toEqual(world.machine.spec.gpus.map(({ uuid }) => uuid));
    expect(fakeGpus).toBe(false);
    expect(simulator.record.registrations).toHaveLength(1);
  });

  test.each([
    ['systemd', {}],
    ['no systemd', { noSystemd: true }],
  ])('of which Navarch has forgotten is started again, once, where there is %s', async (_, faults) => {
    const world = await registering({ faults });
    await until(() => simulator.record.registrations.length === 1);
    simulator.controls.restartNavarch();
    expect(await world.wait()).toMatchObject({ fakeGpus: false });
    expect(simulator.record.registrations).toHaveLength(2);
    expect(agents(world)).toBe(1);
  });

  test('that registered before the driver was there is started again once, and believed then', async () => {
    const world = await registering();
    await until(() => simulator.record.registrations.length === 1);
    // As it would have registered itself: everything right, but for the GPUs.
    const identity = { nodeId: 'i-1', provider: 'lambda', region: 'us-south-2', instanceType: 'gpu_1x_h100_sxm5' };
    await navarch.registerNode({ ...identity, gpus: [] });
    const { gpus } = await world.wait();
    expect(gpus.map(({ uuid }) => uuid)).toEqual(world.machine.spec.gpus.map(({ uuid }) => uuid));
    expect(simulator.record.registrations).toHaveLength(3);
  });

  test('that took a TERMINATE meant for an earlier one is started again', async () => {
    // What the earlier life left: a record, an old heartbeat, and a command that nobody has fetched.
    await navarch.registerNode({ nodeId: 'i-1', provider: 'lambda', region: '', instanceType: '', gpus: [] });
    await navarch.issueCommand({ nodeId: 'i-1', command: 'terminate' });
    const world = await registering();
    await until(() => agents(world) === 0);
    expect(await world.wait()).toMatchObject({ fakeGpus: false });
    expect(agents(world)).toBe(1);
  });

  test('that has ended stays so while somebody holds the node cordoned: it would make it ACTIVE', async () => {
    const world = await registering();
    await until(() => simulator.record.registrations.length === 1);
    await world.ssh('sudo systemctl stop navarch-node');
    await navarch.issueCommand({ nodeId: 'i-1', command: 'cordon' });
    const failed = await endOf(world.wait({}, 3_000));
    expect(failed).toMatchObject({ type: 'registration_failed' });
    expect(failed.message).toContain('Navarch shows the node CORDONED');
    expect((await navarch.getNode('i-1'))?.status).toBe('CORDONED');
    expect(agents(world)).toBe(0);
  });

  test('on a machine that does not answer is waited for, and the end says what kept us from starting it', async () => {
    const world = await registering();
    await until(() => simulator.record.registrations.length === 1);
    await world.machine.powerOff();
    simulator.controls.restartNavarch();
    const failed = await endOf(world.wait({}, 4_000));
    expect(failed).toMatchObject({ type: 'registration_failed' });
    expect(failed.message).toMatch(/does not know the node yet; its agent cannot be started again: .*(refused|ECONN)/);
  });
});

describe('GPUs that an agent without a driver invents', () => {
  test('are refused, with the reason', async () => {
    const world = await registering({ faults: { nvidiaSmi: 'missing' } });
    const failed = await endOf(world.wait());
    expect(failed).toMatchObject({ type: 'registration_failed' });
    expect(failed.message).toContain('found no NVIDIA driver and registered 8 invented GPUs');
  });

  test('are taken where the request allows them, and the answer says so', async () => {
    const world = await registering({ faults: { nvidiaSmi: 'missing' } });
    const { gpus, fakeGpus } = await world.wait({ allowFakeGpus: true });
    expect(gpus).toHaveLength(8);
    expect(fakeGpus).toBe(true);
  });
});
