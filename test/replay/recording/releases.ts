import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { execa } from 'execa';

/** Folders of recorded histories, one a version. */
export const HISTORIES = 'test/replay/histories';

/** Why the histories of this version may not be recorded now; undefined: they may. What was released stays as it was recorded. */
export function whyNot(version: string, recorded: readonly string[], tags: readonly string[]): string | undefined {
  if (tags.includes(`v${version}`)) {
    return `${version} is released (tag v${version}): its histories stay as they are; give package.json the next version`;
  }
  const newer = recorded.filter((other) => compare(other, version) > 0);
  if (newer.length === 0) return undefined;
  return `there are histories of ${newer.join(', ')} already, and package.json says ${version}`;
}

function compare(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

export async function recordedVersions(): Promise<readonly string[]> {
  return existsSync(HISTORIES) ? await readdir(HISTORIES) : [];
}

/** Of git; where there is none, or no tag, nothing is released. */
export async function releaseTags(): Promise<readonly string[]> {
  const { stdout } = await execa('git', ['tag', '--list', 'v*'], { reject: false });
  return stdout.split('\n').filter((tag) => tag !== '');
}
