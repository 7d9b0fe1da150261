import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { supervisorScript } from '../../../src/domain/agent-supervisor.ts';

// With the host's own bash, flock and setsid; test/unit/activities/bootstrap-agent.test.ts does the same on simulated machines.

const canRun = spawnSync('bash', ['-c', 'command -v flock && command -v setsid']).status === 0;

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'agent-supervisor-'));
});
afterEach(() => {
  supervisor('stop');
  rmSync(folder, { recursive: true, force: true });
});

/** An agent that notes its process and its token, and ends with the code that the file `end` says, once it is there. */
function install(): void {
  const agent = `#!/bin/sh
echo "$$ \${NAVARCH_AUTH_TOKEN:-}" >> ${folder}/starts
while [ ! -e ${folder}/end ]; do sleep 0.05; done
exit "$(cat ${folder}/end)"
`;
  writeFileSync(join(folder, 'agent'), agent, { mode: 0o755 });
  writeFileSync(join(folder, 'agent.env'), 'NAVARCH_AUTH_TOKEN="a \\"token\\" of \\$5"\n');
  const text = supervisorScript(join(folder, 'agent'))
    .replaceAll('/run/navarch-node', `${folder}/state`)
    .replaceAll('/var/log/navarch-node.log', `${folder}/log`)
    .replaceAll('/etc/navarch/agent.env', `${folder}/agent.env`)
    .replaceAll('sleep 5 &', 'sleep 0.2 &');
  writeFileSync(join(folder, 'supervisor'), text, { mode: 0o755 });
}

function supervisor(verb: string): number | null {
  return spawnSync(join(folder, 'supervisor'), [verb], { stdio: 'ignore' }).status;
}

function read(name: string): string {
  return existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8') : '';
}

const starts = (): string[] => read('starts').split('\n').slice(0, -1);

function isAlive(start: string | undefined): boolean {
  const status = `/proc/${start?.split(' ')[0] ?? ''}/status`;
  return existsSync(status) && !/^State:\s+[ZX]/m.test(readFileSync(status, 'utf8'));
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(20);
}

describe.skipIf(!canRun)('the supervisor of an agent where there is no systemd', () => {
  test('starts one agent, with its token, however often it is told to', async () => {
    install();
    expect(supervisor('start')).toBe(0);
    await until(() => starts().length === 1);
    expect(supervisor('start')).toBe(0);
    expect(supervisor('check')).toBe(0);
    expect(starts()[0]).toMatch(/^\d+ a "token" of \$5$/);
    expect(starts()).toHaveLength(1);
  });

  test('starts it again when it was killed, and when it failed; not when it ended by itself', async () => {
    install();
    supervisor('start');
    await until(() => starts().length === 1);
    process.kill(Number(starts()[0]?.split(' ')[0]), 'SIGKILL');
    await until(() => starts().length === 2);
    writeFileSync(join(folder, 'end'), '0');
    await until(() => spawnSync('flock', ['-n', `${folder}/state/lock`, 'true']).status === 0);
    expect(supervisor('check')).not.toBe(0);
    expect(starts()).toHaveLength(2);
    expect(read('log')).toContain('navarch-node ended with exit code 137: it is started again in 5 s\n');
  });

  test('restarts it, from whatever state', async () => {
    install();
    expect(supervisor('restart')).toBe(0);
    await until(() => starts().length === 1);
    expect(supervisor('restart')).toBe(0);
    await until(() => starts().length === 2);
    expect(isAlive(starts()[0])).toBe(false);
    expect(isAlive(starts()[1])).toBe(true);
  });

  test('stops it for good, and may be told so twice', async () => {
    install();
    supervisor('start');
    await until(() => starts().length === 1);
    const keeper = read('state/pid');
    expect([supervisor('stop'), supervisor('stop')]).toEqual([0, 0]);
    expect([starts()[0], keeper.trim()].some(isAlive)).toBe(false);
    expect(starts()).toHaveLength(1);
  });

  test('killed itself leaves no second agent behind: the first is still known, and stopped', async () => {
    install();
    supervisor('start');
    await until(() => starts().length === 1);
    process.kill(Number(read('state/pid')), 'SIGKILL');
    expect(supervisor('start')).toBe(0);
    expect(starts()).toHaveLength(1);
    expect(supervisor('stop')).toBe(0);
    expect(isAlive(starts()[0])).toBe(false);
  });
});
