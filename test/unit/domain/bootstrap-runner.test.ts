import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readRunner, type RunnerState } from '../../../src/domain/bootstrap-journal.ts';
import type { BootstrapStep } from '../../../src/domain/bootstrap-plan.ts';
import { runnerScript } from '../../../src/domain/bootstrap-runner.ts';

// What a real bash, with the real flock and timeout, makes of the runner. test/unit/activities/bootstrap.test.ts runs it on simulated machines.

const canRun =
  spawnSync('bash', ['-c', 'command -v flock && command -v timeout && command -v setsid && [ -r /proc/uptime ]'])
    .status === 0;

let folder = '';
const runners: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bootstrap-runner-'));
});
afterEach(async () => {
  for (const runner of runners.splice(0)) await stop(runner);
  rmSync(folder, { recursive: true, force: true });
});

/** The whole group: the runner, and what it runs. */
async function stop(runner: ChildProcess): Promise<void> {
  if (runner.pid === undefined || runner.exitCode !== null || runner.signalCode !== null) return;
  const ended = new Promise((resolve) => runner.once('exit', resolve));
  process.kill(runner.pid, 'SIGKILL');
  await ended;
  const pid = read('pid').trim();
  if (pid !== '') spawnSync('bash', ['-c', `kill -KILL -- -${pid}`]);
}

function step(run: string, more: Partial<BootstrapStep> = {}): BootstrapStep {
  return { title: `do ${run.slice(0, 20).replaceAll('\n', ' ')}`, run, repeatable: false, timeoutMs: 60_000, ...more };
}

function place(steps: readonly BootstrapStep[]): void {
  writeFileSync(join(folder, 'run'), runnerScript(folder, steps));
}

/** Runs it to its end. */
function run(steps?: readonly BootstrapStep[]): RunnerState {
  if (steps !== undefined) place(steps);
  expect(spawnSync('bash', [join(folder, 'run')], { encoding: 'utf8' })).toMatchObject({ stdout: '', stderr: '' });
  return state();
}

function begin(): ChildProcess {
  const runner = spawn('bash', [join(folder, 'run')], { stdio: 'ignore', detached: true });
  runners.push(runner);
  return runner;
}

function read(name: string): string {
  return existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8') : '';
}

const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();

function state(): RunnerState {
  const isRunning =
    existsSync(join(folder, 'lock')) && spawnSync('flock', ['-n', '-s', join(folder, 'lock'), 'true']).status === 1;
  const at = Math.floor(Date.now() / 1_000);
  return readRunner({ bootId: bootId(), at, isRunning, journal: read('journal') });
}

/** One that has ended and that nobody has asked for is dead, too. */
function isAlive(pid: string): boolean {
  const status = `/proc/${pid.trim()}/status`;
  return existsSync(status) && !/^State:\s+[ZX]/m.test(readFileSync(status, 'utf8'));
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(20);
}

describe.skipIf(!canRun)('the runner of a bootstrap', () => {
  test('runs the steps in order, announces each, and notes its end last', () => {
    const ended = run([step('echo one', { title: 'first' }), step('echo two', { title: "the second's" })]);
    expect(ended).toMatchObject({ kind: 'ended', exitCode: 0, attempts: 1, bootId: bootId() });
    expect(read('log')).toBe("==> first\none\n==> the second's\ntwo\n==> done\n");
    expect(read('journal').trimEnd().split('\n').at(-1)).toMatch(/^exit \d+ 0 done$/);
  });

  test.each([
    ['that fails', 'exit 7', 7],
    ['whose first line fails', 'false\necho hidden', 1],
    ['whose pipe fails inside', 'false | cat', 1],
    ['that uses what is not set', 'echo "$UNSET_HERE"', 1],
    ['that is never closed', "echo 'never closed", 2],
    ['that does not exist', 'no-such-command', 127],
    ['that ends as a timeout would', 'exit 124', 124],
  ])('ends with a step %s, with its exit code', (_, command, code) => {
    const ended = run([step(command), step('echo never')]);
    expect(ended).toMatchObject({ kind: 'ended', exitCode: code, step: { number: 1, of: 2 } });
    expect(ended).not.toHaveProperty('outOfTime');
    expect(read('log')).not.toContain('never\n==>');
    expect(read('journal')).not.toContain('step 2');
  });

  test.each([
    ['leaves early, content', 'echo enough; exit 0'],
    ['is a here-document that nobody closed', 'cat <<END\ntext'],
    ['ends in a comment', 'echo x # and more'],
    ['ends in a backslash', 'echo x \\'],
    ['ends in &', 'true &'],
    ['moves elsewhere', 'cd /; set +eu; false; true'],
    ['replaces itself', 'exec true'],
    ['reads all of its stdin', 'cat > /dev/null'],
    ['is as long as the contract allows', `: '${'ä'.repeat(31_990)}'`],
  ])('goes on after a step that %s', (_, command) => {
    expect(run([step(command), step('echo "second ran"')])).toMatchObject({ kind: 'ended', exitCode: 0 });
    expect(read('log')).toContain('\nsecond ran\n');
  });

  test('repeats a step that may be repeated once, and says so', () => {
    const flaky = `echo "try $(wc -l < ${folder}/tries 2>/dev/null || echo 0)"; echo x >> ${folder}/tries; [ "$(wc -l < ${folder}/tries)" -ge 2 ]`;
    expect(run([step(flaky, { title: 'flaky', repeatable: true })])).toMatchObject({ kind: 'ended', exitCode: 0 });
    expect(read('log')).toContain('==> flaky, once more: exit code 1\n');
    expect(read('tries')).toBe('x\nx\n');
  });

  test.each([
    ['twice where it may be repeated', true, 2],
    ['once where nobody says that it may be repeated', false, 1],
  ])('lets a step fail %s', (_, repeatable, times) => {
    expect(run([step(`echo x >> ${folder}/tries; exit 3`, { repeatable })])).toMatchObject({ exitCode: 3 });
    expect(read('tries')).toBe('x\n'.repeat(times));
  });

  test('ends a step that is out of time, with all that it has started, and says how long it had', () => {
    const ended = run([step(`sleep 300 & echo $! > ${folder}/child; wait`, { title: 'wait', timeoutMs: 1_000 })]);
    expect(ended).toMatchObject({ kind: 'ended', exitCode: 124, outOfTime: '1s', step: { title: 'wait' } });
    expect(isAlive(read('child'))).toBe(false);
  });

  test('does not run twice at a time, nor a second time', async () => {
    place([step(`echo x >> ${folder}/tries; until [ -e ${folder}/go ]; do sleep 0.05; done`)]);
    begin();
    await until(() => read('tries') !== '');
    expect(state()).toMatchObject({ kind: 'running', step: { number: 1 } });
    const second = begin();
    writeFileSync(join(folder, 'go'), '');
    await until(() => state().kind === 'ended' && second.exitCode !== null);
    run();
    expect(read('tries')).toBe('x\n');
    expect(read('journal').match(/attempt/g)).toHaveLength(1);
  });

  test('leaves what a step goes on running alone, and is over all the same', async () => {
    const ended = run([step(`setsid sleep 300 > /dev/null 2>&1 & echo $! > ${folder}/child`)]);
    expect(ended).toMatchObject({ kind: 'ended', exitCode: 0 });
    await until(() => spawnSync('flock', ['-n', join(folder, 'lock'), 'true']).status === 0);
    expect(isAlive(read('child'))).toBe(true);
    spawnSync('kill', [read('child').trim()]);
  });

  async function cutOffIn(repeatable: boolean): Promise<void> {
    const waits = `echo x >> ${folder}/tries; until [ -e ${folder}/go ]; do sleep 0.05; done`;
    place([step(`echo x >> ${folder}/first`), step(waits, { title: 'wait', repeatable })]);
    const runner = begin();
    await until(() => read('tries') !== '');
    const ended = new Promise((resolve) => runner.once('exit', resolve));
    runner.kill('SIGKILL');
    await ended;
  }

  test('killed in a step that may be repeated goes on with that step, when it is started again, and ends what was left of it', async () => {
    await cutOffIn(true);
    expect(state()).toMatchObject({ kind: 'cut-off', because: 'killed', mayGoOn: true, step: { title: 'wait' } });
    const left = read('pid').trim();
    begin();
    await until(() => read('tries') === 'x\nx\n');
    expect(isAlive(left)).toBe(false);
    writeFileSync(join(folder, 'go'), '');
    await until(() => state().kind === 'ended');
    expect(state()).toMatchObject({ exitCode: 0, attempts: 2 });
    expect(read('first')).toBe('x\n');
    expect(read('log')).toContain('==> cut off: going on in attempt 2 of 3\n');
  });

  test('killed in a step that must not be repeated does nothing more, however often it is started', async () => {
    await cutOffIn(false);
    expect(run()).toMatchObject({ kind: 'cut-off', because: 'killed', mayGoOn: false, attempts: 1 });
    expect(read('tries')).toBe('x\n');
  });

  test('cut off for the third time is not begun again', async () => {
    await cutOffIn(true);
    for (const attempt of [2, 3]) {
      const runner = begin();
      await until(() => read('tries') === 'x\n'.repeat(attempt));
      const ended = new Promise((resolve) => runner.once('exit', resolve));
      runner.kill('SIGKILL');
      await ended;
    }
    expect(run()).toMatchObject({ kind: 'cut-off', mayGoOn: false, attempts: 3 });
    expect(read('tries')).toBe('x\nx\nx\n');
    spawnSync('bash', ['-c', `kill -KILL -- -${read('pid').trim()}`]);
  });

  test('is not led astray by a line that a power cut tore', () => {
    place([step(`echo x >> ${folder}/first`), step(`echo x >> ${folder}/second`)]);
    const at = Math.floor(Date.now() / 1_000);
    writeFileSync(
      join(folder, 'journal'),
      `attempt ${at} another-boot\nstep ${at} 1 once 2 do\ndone ${at} 1\nstep ${at} 2 on`,
    );
    expect(state()).toMatchObject({ kind: 'cut-off', because: 'rebooted', mayGoOn: true });
    expect(run()).toMatchObject({ kind: 'ended', exitCode: 0, attempts: 2, bootId: bootId() });
    expect([read('first'), read('second')]).toEqual(['', 'x\n']);
  });

  const VALUES = { PLAIN: 'abc', HARD: `it's "$HOME" \`id\` \\ two\nlines {{.Pool}} é`, EMPTY: '' };

  test('keeps its own variables apart from secrets of the same names, and its journal free of both', () => {
    const own = ['total', 'index', 'directory', 'title', 'seconds', 'boot', 'finished', 'kind', 'code'];
    writeFileSync(join(folder, 'environment'), own.map((name) => `${name}='secret of ${name}'\n`).join(''));
    const ended = run([step(`echo "$total, $index" > ${join(folder, 'said')}`), step('true')]);
    expect(ended).toMatchObject({ kind: 'ended', exitCode: 0 });
    expect(read('said')).toBe('secret of total, secret of index\n');
    expect(read('journal')).not.toContain('secret');
  });

  test('gives the steps the secrets, whatever is in them, and forgets them at the end', () => {
    const quoted = Object.entries(VALUES).map(([name, value]) => `${name}='${value.replaceAll("'", "'\\''")}'\n`);
    writeFileSync(join(folder, 'environment'), quoted.join(''));
    const show = step(`printf '<%s>' "$PLAIN" "$HARD" "$EMPTY" > ${folder}/seen`);
    expect(run([show])).toMatchObject({ kind: 'ended', exitCode: 0 });
    expect(read('seen')).toBe(`<${VALUES.PLAIN}><${VALUES.HARD}><>`);
    expect(existsSync(join(folder, 'environment'))).toBe(false);
  });

  test('begins no step that it cannot note', () => {
    place([step(`echo x > ${folder}/first`)]);
    spawnSync('ln', ['-s', '/nowhere/journal', join(folder, 'journal')]);
    spawnSync('bash', [join(folder, 'run')]);
    expect(read('first')).toBe('');
  });
});
