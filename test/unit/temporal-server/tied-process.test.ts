import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, onTestFinished, test } from 'vitest';
import { runToEnd } from '../../../src/temporal-server/run-to-end.ts';
import { spawnTied } from '../../../src/temporal-server/tied-process.ts';
import { isRunning } from '../../support/processes.ts';
import { executable, temporaryFolder } from './fakes.ts';

const FAMILY = 'sleep 1000 & echo "family $$ $!"; wait';

test('stop ends the child and its children, and only then resolves', async () => {
  const folder = await temporaryFolder();
  const family = spawnTied(await executable(join(folder, 'family'), FAMILY), []);
  await expect.poll(() => family.recentOutput()).toMatch(/^family/);
  const pids = pidsIn(family.recentOutput());
  expect(pids).toContain(family.pid);
  expect(pids.map(isRunning)).toEqual([true, true]);
  await family.stop();
  expect(pids.map(isRunning)).toEqual([false, false]);
  expect(family.hasEnded()).toBe(true);
  await family.stop();
});

test.for(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)(
  'a parent that gets %s leaves neither child nor grandchild behind, without a handler of its own',
  async (signal) => {
    const folder = await temporaryFolder();
    const parent = await parentOf(await executable(join(folder, 'family'), FAMILY), folder);
    parent.process.kill(signal);
    await once(parent.process, 'exit');
    await expect.poll(() => parent.family.map(isRunning), { timeout: 10_000 }).toEqual([false, false]);
  },
);

test('a child that ends by itself tells how, with its last words', async () => {
  const folder = await temporaryFolder();
  const child = spawnTied(await executable(join(folder, 'child'), 'echo one; echo two >&2; exit 3'), []);
  expect(await child.ended).toEqual({ code: 3 });
  expect(child.recentOutput().split('\n').toSorted()).toEqual(['one', 'two']);
});

test('of much output the first and the last lines are kept', async () => {
  const folder = await temporaryFolder();
  const child = spawnTied(await executable(join(folder, 'child'), 'seq 100'), []);
  await child.ended;
  const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => String(from + i));
  expect(child.recentOutput().split('\n')).toEqual([...numbers(1, 20), '…', ...numbers(61, 100)]);
});

test('all output goes to the log file as well', async () => {
  const folder = await temporaryFolder();
  const logFile = join(folder, 'log');
  const many = await executable(join(folder, 'many'), 'for i in 1 2 3 4 5 6 7 8 9; do echo "$i$i"; done');
  await spawnTied(many, [], { logFile }).ended;
  await expect.poll(() => readFile(logFile, 'utf8')).toBe('11\n22\n33\n44\n55\n66\n77\n88\n99\n');
});

test('a command that takes too long is ended and said to have', async () => {
  expect(await runToEnd('sleep', ['1000'], { timeoutMs: 50 })).toEqual({
    kind: 'failed',
    reason: 'took longer than 0.05 s',
  });
});

test('a command that is not there is a failure with a reason', async () => {
  const result = await runToEnd('/nowhere/command', [], { timeoutMs: 10_000 });
  expect(result).toMatchObject({ kind: 'failed', reason: expect.stringContaining('/nowhere/command') as string });
});

/** A process of its own that holds the family tied to itself. */
async function parentOf(family: string, folder: string) {
  const source = fileURLToPath(new URL('../../../src/temporal-server/tied-process.ts', import.meta.url));
  const compiled = ts.transpileModule(await readFile(source, 'utf8'), {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 },
  });
  await writeFile(join(folder, 'tied-process.mjs'), compiled.outputText);
  await writeFile(
    join(folder, 'parent.mjs'),
    `import { spawnTied } from './tied-process.mjs';
     const family = spawnTied(process.argv[2], []);
     const timer = setInterval(() => {
       if (!family.recentOutput().startsWith('family')) return;
       process.stdout.write(family.recentOutput() + '\\n');
       clearInterval(timer);
     }, 10);`,
  );
  const parent = spawn(process.execPath, [join(folder, 'parent.mjs'), family], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void parent.kill('SIGKILL'));
  const [line] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string];
  return { process: parent, family: pidsIn(line) };
}

function pidsIn(line: string): number[] {
  return (line.match(/\d+/g) ?? []).map(Number);
}
