import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { agentSteps, type AgentRelease } from '../../../src/domain/agent-steps.ts';
import type { BootstrapStep, BootstrapVariables } from '../../../src/domain/bootstrap-plan.ts';

const VARIABLES: BootstrapVariables = {
  controlPlane: 'https://navarch.example:50051',
  pool: 'training',
  nodeId: '0f1e2d3c4b5a69788796a5b4c3d2e1f0',
  provider: 'lambda',
  region: 'us-east-1',
  instanceType: 'gpu_1x_a10',
};
const CONTENT = 'an agent\n';
const SHA256 = '2ec48f9d7dbc4f4b0a6f6d41f4a4e3a2a9bf6d3ed6ee70d4fd5e9a2f9f2b8a2c';
const HOSTILE = [
  '',
  ' ',
  "it's",
  '"',
  '$(touch owned)',
  '`touch owned`',
  '\\',
  'two\nlines',
  "two\nUNIT\n'",
  '-n',
  'grün',
];

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'agent-steps-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a real bash does with the step, in a folder of its own instead of the machine's; `world`: programs of the machine, as functions. */
function run(step: BootstrapStep | undefined, world = ''): Ran {
  const text = (step?.run ?? 'exit 99').replaceAll(/\/(usr\/local|etc|run|var)\//g, `${folder}/$1/`);
  const before = `set -euo pipefail\nmkdir -p usr/local/bin etc/systemd/system\nsleep() { :; }\n${world}\n`;
  return spawnSync('bash', ['-s'], { cwd: folder, input: before + text, encoding: 'utf8' });
}

function stepsOf(release: Partial<AgentRelease> = {}, variables: Partial<BootstrapVariables> = {}): BootstrapStep[] {
  return agentSteps({ url: 'https://download.example/navarch', ...release }, { ...VARIABLES, ...variables }, 900_000);
}

const read = (path: string): string => spawnSync('cat', [join(folder, path)], { encoding: 'utf8' }).stdout;
/** As curl, which writes what its option -o names; and says what it was asked. */
const CURL = `curl() { echo "curl $*" >> curls; for last; do :; done; printf '${CONTENT.replace('\n', '\\n')}' > usr/local/bin/navarch-node.download; }`;

describe('the built-in plan', () => {
  test('can be gone through again at any point: each step may be repeated', () => {
    expect(stepsOf().map(({ title, repeatable, timeoutMs }) => [title, repeatable, timeoutMs])).toEqual([
      ['download navarch-node', true, 900_000],
      ['install navarch-node', true, 900_000],
      ['start navarch-node', true, 900_000],
      ['prove navarch-node stays up', true, 900_000],
    ]);
  });

  test.each([
    ['x86_64', 'amd64'],
    ['aarch64', 'arm64'],
    ['arm64', 'arm64'],
  ])('on %s downloads the agent for %s', (machine, arch) => {
    spawnSync('rm', ['-f', join(folder, 'curls')]);
    const ran = run(stepsOf()[0], `${CURL}\nuname() { echo ${machine}; }`);
    expect(ran).toMatchObject({ status: 0, stderr: '' });
    expect(read('curls')).toContain(` https://download.example/navarch/navarch-node-linux-${arch}\n`);
    expect(read('usr/local/bin/navarch-node')).toBe(CONTENT);
    expect(spawnSync('ls', [join(folder, 'usr/local/bin')], { encoding: 'utf8' }).stdout).toBe('navarch-node\n');
  });

  test('says so on a machine for which there is no agent', () => {
    const ran = run(stepsOf()[0], `${CURL}\nuname() { echo riscv64; }`);
    expect(ran).toMatchObject({ status: 64, stderr: 'no navarch-node for architecture riscv64\n' });
  });

  test('tries the download five times, and ends as the last one did', () => {
    const ran = run(stepsOf()[0], `uname() { echo x86_64; }\ncurl() { echo try; return 6; }`);
    expect(ran).toMatchObject({ status: 6, stdout: 'try\n'.repeat(5) });
  });

  test('takes the fifth download that works', () => {
    const flaky = `${CURL}\neval "really_$(declare -f curl)"\ncurl() { echo x >> tries; [ "$(wc -l < tries)" -ge 5 ] || return 56; really_curl "$@"; }`;
    spawnSync('rm', ['-f', join(folder, 'usr/local/bin/navarch-node')]);
    expect(run(stepsOf()[0], `uname() { echo x86_64; }\n${flaky}`).status).toBe(0);
    expect(read('usr/local/bin/navarch-node')).toBe(CONTENT);
  });

  test('installs nothing that is not what it was said to be', () => {
    const world = `uname() { echo x86_64; }\n${CURL}`;
    const sha256 = spawnSync('sha256sum', { input: CONTENT, encoding: 'utf8' }).stdout.slice(0, 64);
    spawnSync('rm', ['-f', join(folder, 'usr/local/bin/navarch-node')]);
    const wrong = run(stepsOf({ sha256: { amd64: SHA256 } })[0], world);
    expect(wrong).toMatchObject({
      status: 65,
      stderr: `navarch-node-linux-amd64 has the SHA-256 ${sha256}, not ${SHA256}\n`,
    });
    expect(read('usr/local/bin/navarch-node')).toBe('');
    expect(run(stepsOf({ sha256: { amd64: sha256 } })[0], world).status).toBe(0);
    expect(read('usr/local/bin/navarch-node')).toBe(CONTENT);
    // That of the other architecture is not its business.
    expect(run(stepsOf({ sha256: { arm64: SHA256 } })[0], world).status).toBe(0);
  });

  test.each(HOSTILE)('starts the agent with exactly the values given, whatever they are: %j', (value) => {
    const [, install] = stepsOf({}, { region: value, instanceType: value });
    expect(run(install, 'chmod() { :; }\nsystemctl() { :; }')).toMatchObject({ status: 0, stderr: '' });
    const runner = read('usr/local/lib/navarch/run-navarch-node');
    expect(runner.startsWith(`#!/bin/sh\nexec ${folder}/usr/local/bin/navarch-node --server `)).toBe(true);
    const asked = runner.replace(`exec ${folder}/usr/local/bin/navarch-node`, `exec printf '<%s>'`);
    expect(spawnSync('bash', ['-s'], { input: asked, encoding: 'utf8' }).stdout).toBe(
      `<--server><https://navarch.example:50051><--node-id><${VARIABLES.nodeId}><--provider><lambda>` +
        `<--region><${value}><--instance-type><${value}><--pool><training>`,
    );
  });

  test('names no pool when there is none', () => {
    expect(stepsOf({}, { pool: '' })[1]?.run).not.toContain('--pool');
  });

  test('under systemd installs a unit that restarts an agent that failed, for ever, and reads the secret from its file (P8)', () => {
    spawnSync('mkdir', ['-p', join(folder, 'run/systemd/system')]);
    const ran = run(stepsOf()[1], 'systemctl() { echo "systemctl $*"; }');
    spawnSync('rm', ['-r', join(folder, 'run')]);
    expect(ran).toMatchObject({ status: 0, stdout: 'systemctl daemon-reload\n', stderr: '' });
    const unit = read('etc/systemd/system/navarch-node.service').split('\n');
    expect(unit).toContain('Restart=on-failure');
    expect(unit).toContain('StartLimitIntervalSec=0');
    expect(unit).toContain(`EnvironmentFile=-${folder}/etc/navarch/agent.env`);
    expect(
      stepsOf()
        .map(({ run: text }) => text)
        .join('\n'),
    ).not.toMatch(/auth-token|AUTH_TOKEN/);
  });
});
