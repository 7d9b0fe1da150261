import { describe, expect, test } from 'vitest';
import { BY_HAND, connectWhenUp, elapse, run, testMachine, until } from './machine-support.ts';
import type { MachineFaults } from '../../../src/simulator/machines/machine.ts';

async function machineWith(faults: MachineFaults) {
  const machine = testMachine({ factor: BY_HAND, faults });
  await machine.powerOn();
  const { client } = await connectWhenUp(machine);
  return { machine, client, run: (command: string) => run(client, command) };
}

describe('a disk that is full', () => {
  test('takes what fits into blocks that files have, no new content and no folders; /run is no disk', async () => {
    const { machine, run: there } = await machineWith({ diskFullAtMs: 60_000 });
    await there('echo begun > note; mkdir before');
    await elapse(machine, 60_000);
    const ran = await there(
      'echo more >> note; echo new > other; echo "other $?"; mkdir after; echo "after $?"; head -c 5000 /dev/zero >> note; echo "big $?"; sudo sh -c "echo x > /run/x; cat /run/x"',
    );
    expect(ran.stdout).toBe('other 1\nafter 1\nbig 1\nx\n');
    expect(ran.stderr).toContain('echo: write error: No space left on device');
    expect(await machine.readFile('/home/ubuntu/note')).toBe('begun\nmore\n');
    expect(await machine.readFile('/home/ubuntu/other')).toBe('');
  });

  test('ends no shell that cannot even complain', async () => {
    const { machine, run: there } = await machineWith({ diskFullAtMs: 60_000 });
    await elapse(machine, 60_000);
    const ran = await there('bash -c "echo one; echo two; exit 7" > log 2>&1; echo $?');
    expect(ran.stdout).toBe('7\n');
  });
});

describe('where logind ends sessions', () => {
  const detached = 'setsid nohup sleep 1000 >/dev/null 2>&1 </dev/null &';

  test('what a connection started ends with it, detached and as root too; a unit of its own lives on', async () => {
    const { machine, client, run: there } = await machineWith({ endsSessions: true });
    await there(`sudo sh -c '${detached}'`);
    await there('sudo systemd-run --quiet sleep 2000');
    const sleeps = (): (string | undefined)[] =>
      machine.processes().flatMap(([name, seconds]) => (name === 'sleep' ? [seconds] : []));
    await until(() => sleeps().length === 2);
    client.end();
    await until(() => sleeps().length === 1);
    expect(sleeps()).toEqual(['2000']);
  });
});

describe('systemd-run', () => {
  test('starts a command as root outside of the caller, and does not wait', async () => {
    const { machine, run: there } = await machineWith({});
    expect(await there('systemd-run true')).toMatchObject({ exitCode: 1 });
    const ran = await there(`sudo FOO=1 systemd-run bash -c 'echo "\${USER:-}\${FOO:-none}" > /root/seen; sleep 5'`);
    expect(ran).toMatchObject({ exitCode: 0, stdout: '' });
    expect(ran.stderr).toMatch(/^Running as unit: run-r[0-9a-f]+\.service\n$/);
    const seen = await until(async () => (await machine.readFile('/root/seen')) || undefined);
    expect(seen).toBe('none\n');
  });

  test.each([
    ['', 0],
    ['--property=KillMode=process', 1],
  ])('with %j leaves %i of what the command left running', async (option, left) => {
    const { machine, run: there } = await machineWith({});
    await there(`sudo systemd-run --quiet ${option} bash -c "setsid sleep 1000 & echo > /root/begun"`);
    await until(async () => (await machine.readFile('/root/begun')) !== undefined);
    await until(() => !machine.processes().some(([name]) => name === 'bash'));
    await until(() => machine.processes().filter(([name]) => name === 'sleep').length === left);
  });
});

test('a machine without systemd has none of its tools', async () => {
  const { run: there } = await machineWith({ noSystemd: true });
  const ran = await there(
    'ls -d /run/systemd; for tool in systemctl journalctl systemd-run; do command -v $tool; done',
  );
  expect(ran.stdout).toBe('');
});
