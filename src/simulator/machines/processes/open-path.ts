import type { OpenOptions } from '../files/file-tree.ts';
import { FileError } from '../files/file-error.ts';
import type { OpenFile } from '../io/open-file.ts';
import type { Process } from './process.ts';

const STANDARD: Readonly<Record<string, number>> = { '/dev/stdin': 0, '/dev/stdout': 1, '/dev/stderr': 2 };

/** Opens a path as this process sees it: relative to its directory, in its user's name, its own descriptors under /dev/fd. */
export function openPath(process: Process, path: string, options: OpenOptions): OpenFile {
  const absolute = process.resolve(path);
  const fd = STANDARD[absolute] ?? descriptorOf(absolute);
  if (fd === undefined) return process.system.files.open(absolute, process.who, options);
  const file = process.files.get(fd);
  if (file === undefined) throw new FileError('ENOENT', path);
  return file.retain();
}

function descriptorOf(path: string): number | undefined {
  const match = /^\/(?:dev|proc\/self)\/fd\/(\d+)$/.exec(path);
  return match === null ? undefined : Number(match[1]);
}
