import { describe, expect, test } from 'vitest';
import { BY_HAND, connectWhenUp, elapse, elapseUntil, run, testMachine } from './machine-support.ts';
import type { TestMachine } from './machine-support.ts';
import type ssh2 from 'ssh2';

async function withUnit(unit: string, script: string): Promise<{ machine: TestMachine; client: ssh2.Client }> {
  const machine = testMachine({ factor: BY_HAND });
  await machine.powerOn();
  const { client } = await connectWhenUp(machine);
  await run(client, 'sudo tee /usr/local/bin/daemon', script);
  await run(client, 'sudo chmod 0755 /usr/local/bin/daemon');
  await run(client, 'sudo tee /etc/systemd/system/daemon.service', unit);
  await run(client, 'sudo systemctl daemon-reload');
  return { machine, client };
}

const UNIT = `[Unit]
Description=A daemon
# comments are passed over

[Service]
EnvironmentFile=/etc/daemon.env
Environment="GREETING=good morning" OTHER=1
ExecStart=/usr/local/bin/daemon --name=\${NAME} \\
  --flag
Restart=on-failure
RestartSec=5

[Install]
WantedBy=multi-user.target
`;
const SCRIPT = '#!/bin/bash\necho "$GREETING $NAME $*"\necho "$$" > /run/daemon.pid\nsleep infinity\n';

describe('a service', () => {
  test('runs with its environment, is seen as active, and leaves its words in the journal', async () => {
    const { machine, client } = await withUnit(UNIT, SCRIPT);
    await run(client, 'sudo tee /etc/daemon.env', 'NAME="it is me"\n');
    expect(await run(client, 'sudo systemctl enable --now daemon')).toMatchObject({ exitCode: 0 });
    expect(await run(client, 'systemctl is-active daemon.service; systemctl is-enabled daemon')).toMatchObject({
      stdout: 'active\nenabled\n',
    });
    expect(machine.processes()).toContainEqual(['/bin/bash', '/usr/local/bin/daemon', '--name=it is me', '--flag']);
    const journal = await run(client, 'journalctl -u daemon -n 20 --no-pager -o cat');
    expect(journal.stdout).toContain('good morning it is me --name=it is me --flag\n');
    expect(journal.stdout).toContain('Started A daemon.');
    const shown = await run(client, 'systemctl show daemon -p MainPID --value; cat /run/daemon.pid');
    expect(new Set(shown.stdout.trim().split('\n')).size).toBe(1);
    expect((await run(client, 'systemctl status daemon')).stdout).toContain('Active: active (running)');
  });

  test('that fails is started again after its pause, and given up on when it fails too often', async () => {
    const { machine, client } = await withUnit(UNIT, SCRIPT);
    await run(client, 'sudo tee /etc/daemon.env', 'NAME=x\n');
    await run(
      client,
      'sudo systemctl start daemon; until [ -s /run/daemon.pid ]; do :; done; sudo kill -9 $(cat /run/daemon.pid)',
    );
    expect((await run(client, 'systemctl is-active daemon')).stdout).toBe('activating\n');
    await elapse(machine, 5_500);
    expect((await run(client, 'systemctl is-active daemon; systemctl show -p NRestarts daemon')).stdout).toBe(
      'active\nNRestarts=1\n',
    );
    await run(
      client,
      'sudo sed -i "s/RestartSec=5/RestartSec=1/" /etc/systemd/system/daemon.service; sudo systemctl daemon-reload',
    );
    await run(client, 'sudo tee /usr/local/bin/daemon', '#!/bin/sh\nexit 3\n');
    await run(client, 'sudo systemctl restart daemon');
    await elapseUntil(machine, async () => (await run(client, 'systemctl is-active daemon')).stdout === 'failed\n');
    expect((await run(client, 'journalctl -u daemon -o cat')).stdout).toContain('Start request repeated too quickly.');
    expect(await run(client, 'sudo systemctl start nope')).toMatchObject({ exitCode: 5 });
  });

  test('that ends well stays ended under on-failure, and comes back under always', async () => {
    const { machine, client } = await withUnit(UNIT, '#!/bin/sh\necho run >> /tmp/runs\n');
    await run(client, 'sudo touch /etc/daemon.env; sudo systemctl start daemon');
    await elapse(machine, 20_000);
    expect(await machine.readFile('/tmp/runs')).toBe('run\n');
    expect(await run(client, 'systemctl is-active daemon')).toMatchObject({ exitCode: 3, stdout: 'inactive\n' });
    await run(
      client,
      'sudo sed -i s/on-failure/always/ /etc/systemd/system/daemon.service; sudo systemctl daemon-reload; sudo systemctl start daemon',
    );
    await elapse(machine, 12_000);
    expect(await machine.readFile('/tmp/runs')).toBe('run\nrun\nrun\nrun\n');
  });

  test('stopped by hand it stays stopped, and nothing of it is left', async () => {
    const { machine, client } = await withUnit(UNIT, '#!/bin/bash\nsleep 500 &\nwait\n');
    await run(client, 'sudo touch /etc/daemon.env; sudo systemctl start daemon; sudo systemctl stop daemon');
    await elapse(machine, 10_000);
    expect((await run(client, 'systemctl is-active daemon')).stdout).toBe('inactive\n');
    expect(machine.processes()).toEqual([]);
  });

  test('cannot be changed without root, nor start without what its unit needs', async () => {
    const { client } = await withUnit(UNIT, SCRIPT);
    expect((await run(client, 'systemctl start daemon')).stderr).toContain('authentication required');
    expect(await run(client, 'sudo systemctl start daemon')).toMatchObject({ exitCode: 1 });
    expect((await run(client, 'journalctl -u daemon')).stdout).toContain('Failed to load environment files');
    await run(
      client,
      'sudo touch /etc/daemon.env; sudo rm /usr/local/bin/daemon; sudo systemctl start daemon; while systemctl -q is-active daemon; do :; done',
    );
    expect((await run(client, 'journalctl -u daemon')).stdout).toContain('code=exited, status=203');
  });
});

describe('a reboot', () => {
  test('drops connections, ends detached jobs, empties /tmp, changes the boot id, and brings enabled services back', async () => {
    const { machine, client } = await withUnit(UNIT, SCRIPT);
    await run(client, 'sudo touch /etc/daemon.env; sudo systemctl enable --now daemon');
    await run(client, 'echo x > /tmp/file; echo x > kept; setsid sleep 9999 >/dev/null 2>&1 </dev/null &');
    const before = machine.bootId;
    expect((await run(client, 'cat /proc/sys/kernel/random/boot_id')).stdout).toBe(`${before}\n`);
    const dropped = new Promise<void>((resolve) => {
      client.once('close', () => resolve());
    });
    await run(client, 'sudo systemctl reboot');
    await dropped;
    await elapse(machine, 25_000);
    const again = await connectWhenUp(machine);
    const seen = await run(
      again.client,
      'ls /tmp; cat kept; cut -d. -f1 /proc/uptime; systemctl is-active daemon; pgrep -x sleep -a',
    );
    expect(seen.stdout).toMatch(/^x\n2[0-9]\nactive\n\d+ sleep infinity\n$/);
    expect(machine.bootId).not.toBe(before);
  });

  test('comes by itself where the fault plan says so', async () => {
    const machine = testMachine({ factor: BY_HAND, faults: { rebootAtMs: 60_000 } });
    await machine.powerOn();
    const before = machine.bootId;
    await connectWhenUp(machine);
    await elapse(machine, 61_000);
    expect(machine.bootId).not.toBe(before);
    await elapse(machine, 60_000);
    const { client } = await connectWhenUp(machine);
    expect((await run(client, 'cloud-init status')).stdout).toBe('status: done\n');
  });

  test('no service of a machine whose power was cut is started again', async () => {
    const { machine, client } = await withUnit(UNIT, SCRIPT);
    await run(
      client,
      'sudo touch /etc/daemon.env; sudo systemctl start daemon; until [ -s /run/daemon.pid ]; do :; done',
    );
    await machine.powerOff();
    const before = machine.started.length;
    await elapse(machine, 30_000);
    expect(machine.started.slice(before)).toEqual([]);
  });

  test('a machine that shut itself down is off, until somebody powers it on', async () => {
    const machine = testMachine({ factor: BY_HAND });
    await machine.powerOn();
    const { client } = await connectWhenUp(machine);
    const dropped = new Promise<void>((resolve) => {
      client.once('close', () => resolve());
    });
    await run(client, 'sudo shutdown -h now');
    await dropped;
    expect(machine.processes()).toEqual([]);
    await machine.powerOn();
    await elapse(machine, 25_000);
    await connectWhenUp(machine);
  });
});
