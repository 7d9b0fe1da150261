import { FileError } from '../files/file-error.ts';
import type { Process } from '../processes/process.ts';
import { isPattern, patternSource } from './patterns.ts';

/** The files that a pattern names, sorted; none if there are none. */
export function expandFileNames(process: Process, pattern: string): string[] {
  const absolute = pattern.startsWith('/');
  let found: string[] = [absolute ? '/' : ''];
  for (const part of pattern.split('/').filter((each) => each !== '')) {
    found = found.flatMap((base) => matchPart(process, base, part));
  }
  return found.sort();
}

function matchPart(process: Process, base: string, part: string): string[] {
  const tree = process.system.files;
  const join = (name: string): string => (base === '' || base.endsWith('/') ? `${base}${name}` : `${base}/${name}`);
  if (!isPattern(part)) {
    const path = join(part.replace(/\\([\s\S])/g, '$1'));
    return tree.exists(process.resolve(path), process.who) ? [path] : [];
  }
  const matcher = new RegExp(`^(?:${patternSource(part, { path: true })})$`);
  const hidden = part.startsWith('.') || part.startsWith('\\.');
  return namesIn(process, base)
    .filter((name) => matcher.test(name) && (hidden || !name.startsWith('.')))
    .map(join);
}

function namesIn(process: Process, base: string): string[] {
  try {
    return process.system.files.list(process.resolve(base === '' ? '.' : base), process.who);
  } catch (error) {
    if (error instanceof FileError) return [];
    throw error;
  }
}
