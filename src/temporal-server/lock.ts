import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { OnProgress } from './check.ts';

// The lock saves work (two clones need not build the same server), it does not protect correctness: what is made is
// published by a rename, so the worst a wrongly taken lock costs is a second build.

/** The owner says so often that it lives; a lock on another machine that was silent for so long has lost its owner. */
const SIGN_OF_LIFE_MS = 5_000;
const SILENCE_MEANS_DEAD_MS = 60_000;
const LOOK_AGAIN_MS = 250;

interface Owner {
  readonly pid: number;
  readonly host: string;
  readonly id: string;
}

/** Runs `work` while holding the lock file; waits for a living owner, takes over from a dead one. */
export async function withLock<T>(file: string, onProgress: OnProgress, work: () => Promise<T>): Promise<T> {
  const me: Owner = { pid: process.pid, host: hostname(), id: randomUUID() };
  await mkdir(dirname(file), { recursive: true });
  let said = false;
  while (!(await create(file, me))) {
    const holder = await look(file);
    if (holder === 'gone') continue;
    if (holder === 'dead') await takeAway(file);
    else {
      if (!said) onProgress(`waiting for process ${holder.pid}, which is making the same server`);
      said = true;
      await sleep(LOOK_AGAIN_MS);
    }
  }
  const signs = setInterval(() => {
    const now = new Date();
    utimes(file, now, now).catch(() => undefined); // taken over after a long stall: the work goes on, see above
  }, SIGN_OF_LIFE_MS);
  try {
    return await work();
  } finally {
    clearInterval(signs);
    if ((await readOwner(file))?.id === me.id) await rm(file, { force: true });
  }
}

async function create(file: string, owner: Owner): Promise<boolean> {
  try {
    await writeFile(file, JSON.stringify(owner), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function look(file: string): Promise<Owner | 'dead' | 'gone'> {
  const seen = await stat(file).catch(() => undefined);
  if (seen === undefined) return 'gone';
  const owner = await readOwner(file);
  const silent = Date.now() - seen.mtimeMs > SILENCE_MEANS_DEAD_MS;
  if (silent) return 'dead';
  // Not readable yet: its owner is between creating and writing it.
  if (owner === undefined) return { pid: 0, host: '', id: '' };
  return owner.host === hostname() && !isAlive(owner.pid) ? 'dead' : owner;
}

/** By rename, so that of several who found it dead only one removes it. */
async function takeAway(file: string): Promise<void> {
  const aside = `${file}.${randomUUID()}`;
  await rename(file, aside).catch(() => undefined); // another one was quicker
  await rm(aside, { force: true });
}

async function readOwner(file: string): Promise<Owner | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Owner;
  } catch {
    return undefined; // gone, or being written
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
