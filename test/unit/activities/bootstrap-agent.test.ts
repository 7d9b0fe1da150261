import { describe, expect, test } from 'vitest';
import { AGENT_SUPERVISOR, RESTART_AGENT_COMMAND } from '../../../src/domain/bootstrap-plan.ts';
import { until } from '../machines/machine-support.ts';
import { bootstrapping, failureOf, type Bootstrapping } from './bootstrap-support.ts';

const NODE = '/usr/local/bin/navarch-node';
const SHA256 = 'a'.repeat(64);

function registrations({ navarch }: Bootstrapping): Bootstrapping['navarch']['calls'] {
  return navarch.calls.filter(({ method }) => method === 'RegisterNode');
}

function agents({ machine }: Bootstrapping): number {
  return machine.processes().filter(([name]) => name === NODE).length;
}

describe.each([
  ['systemd', {}],
  ['no systemd', { noSystemd: true }],
])('the agent on a machine with %s', (_, faults) => {
  test('is installed, registers as who it is with the token it was given, and outlives every session', async () => {
    const world = await bootstrapping({ faults, token: 'token with "quotes" and $signs' });
    world.navarch.token = 'token with "quotes" and $signs';
    await world.worker().bootstrap({ pool: 'training' });
    await until(() => registrations(world).length === 1);
    expect(registrations(world)[0]?.message).toMatchObject({
      nodeId: 'i-1',
      provider: 'lambda',
      region: 'us-south-2',
      instanceType: 'gpu_1x_h100_sxm5',
      metadata: { labels: { pool: 'training' } },
    });
    expect(agents(world)).toBe(1);
    expect(world.said()).not.toContain('quotes');
  });

  test('is started again when it fails, and stays away when it ended by itself', async () => {
    const world = await bootstrapping({ faults });
    await world.worker().bootstrap();
    await until(() => registrations(world).length === 1);
    await world.ssh(`sudo pkill -KILL -f '^${NODE}'`);
    await until(() => registrations(world).length === 2);
    world.navarch.commands = [{ commandId: 'c', type: 'NODE_COMMAND_TYPE_TERMINATE' }];
    await until(() => agents(world) === 0);
    await world.ssh('sleep 20');
    expect(agents(world)).toBe(0);
  });

  test('registers anew when it is restarted, also where it had ended; there is one of it', async () => {
    const world = await bootstrapping({ faults });
    await world.worker().bootstrap();
    await until(() => registrations(world).length === 1);
    expect(await world.ssh(`sudo -n ${RESTART_AGENT_COMMAND}`)).toMatchObject({ exitCode: 0 });
    await until(() => registrations(world).length === 2);
    expect(agents(world)).toBe(1);
    await world.worker().stopAgent();
    expect(await world.ssh(`sudo -n ${RESTART_AGENT_COMMAND}`)).toMatchObject({ exitCode: 0 });
    await until(() => registrations(world).length === 3);
    expect(agents(world)).toBe(1);
  });

  test('is stopped for good, also while it waits to be started again', async () => {
    const world = await bootstrapping({ faults });
    await world.worker().bootstrap();
    await until(() => registrations(world).length === 1);
    await world.ssh(`sudo pkill -KILL -f '^${NODE}'`);
    await world.worker().stopAgent();
    await world.ssh('sleep 20');
    expect(agents(world)).toBe(0);
    expect(registrations(world)).toHaveLength(1);
  });

  test('that cannot run is no success: the failure shows what it said', async () => {
    const world = await bootstrapping({
      faults: { ...faults, failCommands: [{ match: `${NODE} `, exitCode: 3, stderr: 'cannot open shared object\n' }] },
    });
    const failure = await failureOf(world.worker().bootstrap());
    expect(failure.message).toBe(
      'the bootstrap script failed with exit code 70 (step: prove navarch-node stays up): navarch-node did not stay up',
    );
    expect(failure.lastLines.join('\n')).toContain('cannot open shared object');
  });
});

describe('the installation of the agent', () => {
  test('takes the build for the architecture of the machine', async () => {
    const world = await bootstrapping({ spec: { architecture: 'aarch64' } });
    await world.worker().bootstrap();
    await until(() => registrations(world).length === 1);
    expect(await world.machine.readFile(NODE)).toContain('#!navarch-node-simulated arm64\n');
  });

  test('refuses a download that is not what it has to be, and leaves nothing of it', async () => {
    const world = await bootstrapping({ sha256: { amd64: SHA256 } });
    const failure = await failureOf(world.worker().bootstrap());
    expect(failure.message).toMatch(
      /^the bootstrap script failed with exit code 65 \(step: download navarch-node\): navarch-node-linux-amd64 has the SHA-256 [0-9a-f]{64}, not a{64}$/,
    );
    expect((await world.ssh(`ls /usr/local/bin`)).stdout).toBe('');
  });

  test('survives a reboot in any of its steps', async () => {
    const world = await bootstrapping({ faults: { rebootAtMs: 2_000 }, factor: 10 });
    await world.worker().bootstrap();
    await until(() => registrations(world).length >= 1);
    expect(agents(world)).toBe(1);
  });

  test('made again for the same launch starts no second agent', async () => {
    const world = await bootstrapping({ faults: { noSystemd: true } });
    await world.worker().bootstrap();
    await world.ssh(`sudo ${AGENT_SUPERVISOR} start; sudo ${AGENT_SUPERVISOR} start`);
    expect(agents(world)).toBe(1);
  });
});
