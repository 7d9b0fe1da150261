import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Checker, OnProgress, Tried } from './check.ts';
import { isExecutable } from './find-on-path.ts';
import { withLock } from './lock.ts';

/** What a way of making a server came to: `made` says that the file lies in the work folder, to be checked. */
export type Making = { readonly kind: 'made' } | { readonly kind: 'failed'; readonly reason: string };

/** One way of making a server. */
export interface Maker {
  /** For people: "go build". */
  readonly name: string;
  /** Puts the executable, under the cache entry's file name, into an empty folder. Everything it needs beside it goes there too, and may be moved. */
  make(workDir: string): Promise<Making>;
}

export interface CacheEntry {
  /** The entry's own folder; the name tells the version of what is inside. */
  readonly dir: string;
  /** The executable's name in it. */
  readonly file: string;
  readonly check: Checker;
  /** In the order in which they are tried. */
  readonly makers: readonly Maker[];
}

/**
 * The executable of a cache entry, made first if need be. What cannot be used is added to `tried`; undefined if nothing worked.
 * Safe against another process doing the same, and against being killed: an entry appears whole, by a rename.
 */
export async function fromCache(
  entry: CacheEntry,
  tried: Tried[],
  onProgress: OnProgress,
): Promise<string | undefined> {
  const path = join(entry.dir, entry.file);
  const first = await lookInto(entry, path);
  if (first === undefined) return path;
  tried.push(first);
  return withLock(`${entry.dir}.lock`, onProgress, async () => {
    if ((await lookInto(entry, path)) === undefined) return path; // another process made it while we waited
    await removeLeftovers(entry);
    for (const maker of entry.makers) {
      const reason = await makeInto(entry, maker);
      if (reason === undefined) return path;
      tried.push({ what: maker.name, reason });
    }
    return undefined;
  });
}

async function lookInto(entry: CacheEntry, path: string): Promise<Tried | undefined> {
  const what = `cache (${entry.dir})`;
  if (!(await isExecutable(path))) return { what, reason: 'empty' };
  const check = await entry.check(path);
  return check.kind === 'good' ? undefined : { what, reason: check.reason };
}

/** The reason if it did not work. */
async function makeInto(entry: CacheEntry, maker: Maker): Promise<string | undefined> {
  const workDir = `${entry.dir}.making-${randomUUID()}`;
  await mkdir(workDir, { recursive: true });
  try {
    const making = await maker.make(workDir);
    if (making.kind === 'failed') return making.reason;
    const check = await entry.check(join(workDir, entry.file));
    if (check.kind === 'unfit') return `made, but ${check.reason}`;
    await rm(entry.dir, { recursive: true, force: true });
    await rename(workDir, entry.dir);
    return undefined;
  } finally {
    await rm(workDir, { recursive: true, force: true });
  }
}

/** What makers that were killed left behind. We hold the lock, so nobody is at work in there. */
async function removeLeftovers(entry: CacheEntry): Promise<void> {
  const folder = dirname(entry.dir);
  for (const name of await readdir(folder)) {
    if (name.startsWith(`${basename(entry.dir)}.making-`))
      await rm(join(folder, name), { recursive: true, force: true });
  }
}
