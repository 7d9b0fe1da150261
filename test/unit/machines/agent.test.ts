import { describe, expect, test } from 'vitest';
import type ssh2 from 'ssh2';
import type { MachineSpec } from '../../../src/simulator/machines/machine.ts';
import { standIn } from './agent-support.ts';
import type { StandIn } from './agent-support.ts';
import { BY_HAND, connectWhenUp, elapse, elapseUntil, run, testMachine, until } from './machine-support.ts';
import type { TestMachine } from './machine-support.ts';

interface World {
  readonly machine: TestMachine;
  readonly client: ssh2.Client;
  readonly navarch: StandIn;
}

async function world(spec: Partial<MachineSpec> = {}): Promise<World> {
  const navarch = await standIn();
  const machine = testMachine({ factor: BY_HAND, ...spec });
  await machine.powerOn();
  return { machine, client: (await connectWhenUp(machine)).client, navarch };
}

const NODE = '/usr/local/bin/navarch-node';

async function install({ client, navarch }: World, architecture = 'amd64'): Promise<void> {
  const url = `${navarch.url}/download/navarch-node-linux-${architecture}`;
  const ran = await run(client, `curl -fsSL -o /tmp/n ${url} && sudo install -m 0755 /tmp/n ${NODE}`);
  expect(ran).toMatchObject({ exitCode: 0, stderr: '' });
}

/** Starts the agent the way that outlives the session; its words go to agent.log. */
async function start({ client, navarch }: World, flags = '', env = ''): Promise<void> {
  await run(
    client,
    `${env} setsid nohup ${NODE} --server ${navarch.url} --node-id i-1 ${flags} >agent.log 2>&1 </dev/null &`,
  );
}

const count = (navarch: StandIn, method: string): number =>
  navarch.calls.filter((call) => call.method === method).length;

describe("the seed's own bootstrap", () => {
  test('as ubuntu fails at the download into /usr/local/bin; with sudo it installs, runs and registers', async () => {
    const { machine, client, navarch } = await world();
    const script = (sudo: string): string => `set -euo pipefail
      ${sudo} curl -fsSL -o ${NODE} ${navarch.url}/download/navarch-node-linux-amd64
      ${sudo} chmod +x ${NODE}
      ${NODE} --server ${navarch.url} --node-id "i-1"`;
    const failed = await run(client, script(''));
    expect(failed.exitCode).toBe(23);
    expect(failed.stderr).toContain('Permission denied');

    // In the foreground it never returns, and the session's end ends it at its next word.
    const foreground = run(client, script('sudo'));
    await until(() => count(navarch, 'RegisterNode') === 1);
    expect(machine.processes()).toContainEqual([NODE, '--server', navarch.url, '--node-id', 'i-1']);
    expect(machine.started.filter((argv) => argv[0] === NODE)).toHaveLength(1);
    await machine.powerOff();
    expect((await foreground).exitCode).toBeUndefined();
  });

  test('needs the build for its own architecture, and the right to execute', async () => {
    const arm = await world({ architecture: 'aarch64' });
    await install(arm, 'amd64');
    expect(await run(arm.client, `${NODE} --help`)).toMatchObject({
      exitCode: 126,
      stderr: expect.stringContaining('cannot execute binary file: Exec format error') as string,
    });
    await install(arm, 'arm64');
    expect(await run(arm.client, `${NODE} --help`)).toMatchObject({ exitCode: 0 });
    await run(arm.client, `sudo chmod -x ${NODE}`);
    expect(await run(arm.client, NODE)).toMatchObject({ exitCode: 126 });
  });
});

describe('the agent', () => {
  test('registers who and what it is, with one dash or two, and with the GPUs there are', async () => {
    const here = await world();
    await install(here);
    await start(here, '-provider lambda -region=us-south-2 --instance-type gpu_1x_h100_sxm5 -pool=train');
    await until(() => count(here.navarch, 'RegisterNode') === 1);
    expect(here.navarch.calls[0]?.message).toMatchObject({
      nodeId: 'i-1',
      provider: 'lambda',
      region: 'us-south-2',
      instanceType: 'gpu_1x_h100_sxm5',
      gpus: [{ index: 0, uuid: 'GPU-5c8a41f0-aaaa-bbbb-cccc-0123456789ab', memoryTotal: String(81_559 * 1024 * 1024) }],
      metadata: { hostname: '192-0-2-7', labels: { pool: 'train' } },
    });
    const log = await until(async () => {
      const text = await here.machine.readFile('/home/ubuntu/agent.log');
      return text?.includes('registered') === true && text;
    });
    expect(
      log
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as object),
    ).toHaveLength(2);
  });

  test('its first heartbeat comes a whole interval after it registered, then each interval', async () => {
    const here = await world();
    await install(here);
    await start(here);
    await until(() => count(here.navarch, 'RegisterNode') === 1);
    await elapse(here.machine, 29_000);
    expect(count(here.navarch, 'SendHeartbeat')).toBe(0);
    expect(count(here.navarch, 'GetNodeCommands')).toBe(2);
    await elapse(here.machine, 2_000);
    await until(() => count(here.navarch, 'SendHeartbeat') === 1);
    await elapse(here.machine, 31_000);
    await until(() => count(here.navarch, 'SendHeartbeat') === 2);
    await until(() => count(here.navarch, 'ReportHealth') === 1);
  });

  test('never registers again by itself; a restart does', async () => {
    const here = await world();
    await install(here);
    await start(here);
    await until(() => count(here.navarch, 'RegisterNode') === 1);
    here.navarch.forgetful = true;
    await elapseUntil(here.machine, () => count(here.navarch, 'SendHeartbeat') >= 3);
    expect(count(here.navarch, 'RegisterNode')).toBe(1);
    expect(await here.machine.readFile('/home/ubuntu/agent.log')).toContain('not_found');
    await run(here.client, 'pkill -f navarch-node');
    await start(here);
    await until(() => count(here.navarch, 'RegisterNode') === 2);
  });

  test('TERMINATE ends it with 0', async () => {
    const here = await world();
    await install(here);
    const ended = run(here.client, `${NODE} --server ${here.navarch.url}; echo "ended $?"`);
    await until(() => count(here.navarch, 'RegisterNode') === 1);
    here.navarch.commands = [{ commandId: 'c-1', type: 'NODE_COMMAND_TYPE_TERMINATE' }];
    await elapse(here.machine, 11_000);
    expect((await ended).stdout).toContain('ended 0');
  });

  test('without a control plane it tries four times in fourteen seconds, and ends with 1', async () => {
    const here = await world();
    await install(here);
    const begun = here.machine.spec.clock.now();
    const ended = run(here.client, `${NODE} --server http://127.0.0.1:1`);
    let exitCode: number | undefined;
    ended.then(
      (ran) => (exitCode = ran.exitCode),
      () => undefined,
    );
    await elapseUntil(here.machine, () => exitCode !== undefined);
    expect(exitCode).toBe(1);
    expect((here.machine.spec.clock.now() - begun) / 1000).toBeGreaterThanOrEqual(14);
    expect((await ended).stdout.match(/registration failed/g)).toHaveLength(4);
  });

  test('a token comes by flag or by the environment; the wrong one is a 401, which is no answer of Connect', async () => {
    const here = await world();
    here.navarch.token = 'right';
    await install(here);
    await start(here, '', 'NAVARCH_AUTH_TOKEN=wrong');
    await elapse(here.machine, 20_000);
    await elapseUntil(here.machine, () => !here.machine.processes().some((argv) => argv[0] === NODE));
    expect(await here.machine.readFile('/home/ubuntu/agent.log')).toContain('unauthenticated');
    const quietly = `read -r NAVARCH_AUTH_TOKEN; export NAVARCH_AUTH_TOKEN; setsid nohup ${NODE} --server ${here.navarch.url} >agent.log 2>&1 </dev/null &`;
    await run(here.client, quietly, 'right\n');
    await until(() => count(here.navarch, 'RegisterNode') === 1);
    expect(JSON.stringify(here.machine.started)).not.toContain('right');
  });

  test.each([
    [{ gpus: [] }, ''],
    [{ faults: { nvidiaSmi: 'broken' } } as const, ''],
    [{ faults: { nvidiaSmi: 'missing' } } as const, ''],
    [{}, 'NAVARCH_FAKE_GPU=true'],
  ])('without a working NVML it invents eight GPUs: %j %s', async (spec, env) => {
    const here = await world(spec);
    await install(here);
    await start(here, '', env);
    await until(() => count(here.navarch, 'RegisterNode') === 1);
    const gpus = here.navarch.calls[0]?.message['gpus'] as { uuid: string; pciBusId: string }[];
    expect(gpus).toHaveLength(8);
    expect(gpus[0]).toMatchObject({ uuid: 'GPU-00000000-0000-0000-0000-000000000000', pciBusId: '0000:00:00.0' });
  });

  test('as a systemd unit it comes back after a kill and after a reboot, each time registering anew', async () => {
    const here = await world();
    await install(here);
    const unit = `[Service]\nEnvironment=NAVARCH_AUTH_TOKEN=t\nExecStart=${NODE} --server ${here.navarch.url} --node-id i-1\nRestart=on-failure\nRestartSec=2\n[Install]\nWantedBy=multi-user.target\n`;
    await run(here.client, 'sudo tee /etc/systemd/system/navarch-node.service', unit);
    await run(here.client, 'sudo systemctl daemon-reload; sudo systemctl enable --now navarch-node');
    await until(() => count(here.navarch, 'RegisterNode') === 1);
    await run(here.client, 'sudo pkill -9 -f navarch-node');
    await elapseUntil(here.machine, () => count(here.navarch, 'RegisterNode') === 2);
    await here.machine.reboot();
    await elapseUntil(here.machine, () => count(here.navarch, 'RegisterNode') === 3);
    expect(here.navarch.calls.at(-1)?.authorization).toBe('Bearer t');
  });
});

test('a download goes where it is told, is tried again, and never leaves the simulated network', async () => {
  const { client, navarch } = await world();
  expect(
    (
      await run(
        client,
        `curl -fsSL -w '%{http_code}' -o n ${navarch.url}/download/navarch-node-linux-amd64; head -n 1 n; wc -c < n`,
      )
    ).stdout,
  ).toBe('200#!navarch-node-simulated amd64\n100031\n');
  expect(
    (await run(client, `wget -qO - ${navarch.url}/download/navarch-node-linux-arm64 | head -c 31`)).stdout,
  ).toContain('arm64');
  expect(await run(client, `curl -fsSL ${navarch.url}/moved`)).toMatchObject({ exitCode: 7 });
});

test('what the fault plan says fails, fails so often and no more', async () => {
  const { client, machine } = await world({
    faults: {
      failCommands: [{ match: 'nvidia-smi', exitCode: 9, stderr: 'broken\n', times: 1 }, { match: 'apt-get' }],
    },
  });
  expect(await run(client, 'bash -c "nvidia-smi -L"')).toEqual({ exitCode: 9, stdout: '', stderr: 'broken\n' });
  expect(await run(client, 'nvidia-smi -L')).toMatchObject({ exitCode: 0 });
  expect(await run(client, 'sudo apt-get update')).toMatchObject({ exitCode: 1 });
  expect(machine.commands.filter((event) => event.exitCode !== undefined).map((event) => event.exitCode)).toEqual([
    9, 0, 1,
  ]);
});
