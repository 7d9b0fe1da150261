import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { fromCache } from '../../../src/temporal-server/cache.ts';
import type { CacheEntry, Maker } from '../../../src/temporal-server/cache.ts';
import type { Tried } from '../../../src/temporal-server/check.ts';
import { executable, temporaryFolder } from './fakes.ts';

test('of two that need the same server at once, one makes it and the other waits for it', async () => {
  const folder = await temporaryFolder();
  const counting = countingMaker();
  const waiting: string[] = [];
  const paths = await Promise.all(
    [1, 2].map(() => fromCache(entryIn(folder, [counting.maker]), [], (line) => waiting.push(line))),
  );
  expect(paths[0]).toBe(paths[1]);
  expect(counting.made()).toBe(1);
  expect(waiting).toEqual([`waiting for process ${process.pid}, which is making the same server`]);
});

test('the lock of a process that died is taken over, and what it left behind is removed', async () => {
  const folder = await temporaryFolder();
  const entry = entryIn(folder, [countingMaker().maker]);
  const maker = spawn('sleep', ['1000'], { stdio: 'ignore' });
  onTestFinished(() => void maker.kill('SIGKILL'));
  await writeFile(`${entry.dir}.lock`, JSON.stringify({ pid: maker.pid, host: hostname(), id: 'its' }));
  await mkdir(`${entry.dir}.making-its`);

  const said: string[] = [];
  const waiting = fromCache(entry, [], (line) => {
    said.push(line);
    maker.kill('SIGKILL'); // only once we are known to wait for it
  });
  await once(maker, 'exit');
  expect(await waiting).toBe(join(entry.dir, 'server'));
  expect(said).toEqual([`waiting for process ${maker.pid ?? 0}, which is making the same server`]);
  expect(await readdir(folder)).toEqual(['entry']);
});

test('the lock of a process on another machine is taken over after a minute of silence', async () => {
  const folder = await temporaryFolder();
  const entry = entryIn(folder, [countingMaker().maker]);
  await writeFile(`${entry.dir}.lock`, JSON.stringify({ pid: 1, host: 'another', id: 'its' }));
  const longAgo = new Date(Date.now() - 61_000);
  await utimes(`${entry.dir}.lock`, longAgo, longAgo);
  expect(await fromCache(entry, [], () => undefined)).toBe(join(entry.dir, 'server'));
});

test('makers are tried in order until one works, and the others are remembered with their reasons', async () => {
  const folder = await temporaryFolder();
  const never: Maker = { name: 'never', make: () => Promise.reject(new Error('must not be asked')) };
  const failing: Maker = { name: 'first', make: () => Promise.resolve({ kind: 'failed', reason: 'offline' }) };
  const tried: Tried[] = [];
  const path = await fromCache(entryIn(folder, [failing, countingMaker().maker, never]), tried, () => undefined);
  expect(path).toBeDefined();
  expect(tried).toEqual([
    { what: expect.stringContaining('cache') as string, reason: 'empty' },
    { what: 'first', reason: 'offline' },
  ]);
});

test('what a maker puts beside the executable goes with it', async () => {
  const folder = await temporaryFolder();
  const maker: Maker = {
    name: 'two files',
    make: async (workDir) => {
      await writeFile(join(workDir, 'beside'), 'x');
      await executable(join(workDir, 'server'), 'true');
      return { kind: 'made' };
    },
  };
  const entry = entryIn(folder, [maker]);
  await fromCache(entry, [], () => undefined);
  expect(await readFile(join(entry.dir, 'beside'), 'utf8')).toBe('x');
});

function entryIn(folder: string, makers: readonly Maker[]): CacheEntry {
  return { dir: join(folder, 'entry'), file: 'server', check: () => Promise.resolve({ kind: 'good' }), makers };
}

function countingMaker(): { maker: Maker; made: () => number } {
  let count = 0;
  const maker: Maker = {
    name: 'counting',
    make: async (workDir) => {
      count += 1;
      await executable(join(workDir, 'server'), 'true');
      return { kind: 'made' };
    },
  };
  return { maker, made: () => count };
}
