import { FileError } from '../files/file-error.ts';
import type { Inode } from '../files/inode.ts';
import { groupName, userName } from '../processes/users.ts';
import type { Process } from '../processes/process.ts';
import type { Program } from '../processes/programs.ts';
import { formatTime } from './format-time.ts';
import { forEachOperand, program, refuse } from './program-kit.ts';

const TYPES: Readonly<Record<Inode['kind'], readonly [letter: string, words: string]>> = {
  file: ['-', 'regular file'],
  directory: ['d', 'directory'],
  link: ['l', 'symbolic link'],
  device: ['c', 'character special file'],
};

function sizeOf(inode: Inode): number {
  if (inode.kind === 'file') return inode.size;
  if (inode.kind === 'link') return inode.target.length;
  return inode.kind === 'directory' ? 4096 : 0;
}

function letters(inode: Inode): string {
  const bits = [6, 3, 0].map((shift) => {
    const value = (inode.mode >> shift) & 7;
    return `${value & 4 ? 'r' : '-'}${value & 2 ? 'w' : '-'}${value & 1 ? 'x' : '-'}`;
  });
  const text = `${TYPES[inode.kind][0]}${bits.join('')}`;
  return (inode.mode & 0o1000) === 0 ? text : `${text.slice(0, 9)}${text.endsWith('x') ? 't' : 'T'}`;
}

const stat = program(
  { flags: 'LtfZ', valued: 'c', long: { format: 'c', printf: 'c', dereference: 'L' } },
  (process, args) =>
    forEachOperand(
      process,
      args.operands,
      async (path) => {
        const inode = process.system.files.stat(process.resolve(path), process.who, args.has('L'));
        await process.print(`${statText(args.value('c') ?? LONG_FORMAT, path, inode)}\n`);
      },
      (path, text) => `cannot statx '${path}': ${text}`,
    ),
);

const LONG_FORMAT = '  File: %n\n  Size: %s\t%F\nAccess: (%04a/%A)  Uid: (%5u/%8U)   Gid: (%5g/%8G)\nModify: %y';

function statText(format: string, path: string, inode: Inode): string {
  const time = (spec: string): string => formatTime(spec, inode.mtimeMs);
  const values: Readonly<Record<string, string>> = {
    a: (inode.mode & 0o7777).toString(8),
    A: letters(inode),
    b: String(Math.ceil(sizeOf(inode) / 512)),
    F: inode.kind === 'file' && inode.size === 0 ? 'regular empty file' : TYPES[inode.kind][1],
    g: String(inode.gid),
    G: groupName(inode.gid),
    h: inode.kind === 'file' ? String(inode.links) : '1',
    i: String(inode.ino),
    n: path,
    N: inode.kind === 'link' ? `'${path}' -> '${inode.target}'` : `'${path}'`,
    s: String(sizeOf(inode)),
    u: String(inode.uid),
    U: userName(inode.uid),
    x: time('%F %T.%N %z'),
    X: time('%s'),
    y: time('%F %T.%N %z'),
    Y: time('%s'),
    z: time('%F %T.%N %z'),
    Z: time('%s'),
    '%': '%',
  };
  return format.replace(/%(0?)(\d*)([a-zA-Z%])/g, (whole, zero: string, width: string, letter: string) =>
    (values[letter] ?? whole).padStart(Number(width), zero === '' ? ' ' : '0'),
  );
}

const ls = program({ flags: 'laA1dhRrtFnis', long: { all: 'a', directory: 'd' } }, async (process, args) => {
  const operands = args.operands.length === 0 ? ['.'] : args.operands;
  const { files } = process.system;
  const show = async (entries: readonly (readonly [name: string, path: string])[]): Promise<void> => {
    for (const [name, path] of entries) {
      const inode = files.stat(path, process.who, false);
      await process.print(args.has('l') ? `${longLine(inode, name)}\n` : `${name}\n`);
    }
  };
  return forEachOperand(
    process,
    operands,
    async (path) => {
      const absolute = process.resolve(path);
      const inode = files.stat(absolute, process.who, !args.has('d') && !args.has('l'));
      if (inode.kind !== 'directory' || args.has('d')) {
        await show([[path, absolute]]);
        return;
      }
      if (operands.length > 1) await process.print(`${path}:\n`);
      if (args.has('l')) await process.print('total 0\n');
      const names = files
        .list(absolute, process.who)
        .filter((name) => showsHidden(args.has('a') || args.has('A'), name));
      const dots = args.has('a') ? ['.', '..'] : [];
      const entries = [...dots, ...names].map((name): [string, string] => [name, `${absolute}/${name}`]);
      if (args.has('t')) entries.sort((a, b) => timeOf(process, b[1]) - timeOf(process, a[1]));
      await show(args.has('r') ? entries.reverse() : entries);
    },
    (path, text) => `cannot access '${path}': ${text}`,
  );
});

function showsHidden(all: boolean, name: string): boolean {
  return all || !name.startsWith('.');
}

function timeOf(process: Process, path: string): number {
  return process.system.files.stat(path, process.who, false).mtimeMs;
}

function longLine(inode: Inode, name: string): string {
  const links = inode.kind === 'file' ? inode.links : inode.kind === 'directory' ? 2 : 1;
  const owner = `${userName(inode.uid)} ${groupName(inode.gid)}`;
  const target = inode.kind === 'link' ? ` -> ${inode.target}` : '';
  return `${letters(inode)} ${links} ${owner} ${String(sizeOf(inode)).padStart(6)} ${formatTime('%b %e %R', inode.mtimeMs)} ${name}${target}`;
}

const readlink = program({ flags: 'fenmqsvz', long: { canonicalize: 'f' } }, async (process, args) => {
  const { files } = process.system;
  let exitCode = 0;
  for (const path of args.operands) {
    const absolute = process.resolve(path);
    const text = args.has('f') || args.has('e') || args.has('m') ? canonical(process, absolute) : undefined;
    const inode = files.exists(absolute, process.who, false) ? files.stat(absolute, process.who, false) : undefined;
    const shown = text ?? (inode?.kind === 'link' ? inode.target : undefined);
    if (shown === undefined) exitCode = 1;
    else await process.print(args.has('n') ? shown : `${shown}\n`);
  }
  return exitCode;
});

function canonical(process: Process, path: string): string {
  try {
    return process.system.files.realPath(path, process.who);
  } catch (error) {
    if (error instanceof FileError) return path;
    throw error;
  }
}

const realpath = program({ flags: 'emsqz' }, async (process, args) => {
  for (const path of args.operands) {
    const absolute = process.resolve(path);
    if (args.has('e') && !process.system.files.exists(absolute, process.who)) {
      return refuse(process, `${path}: No such file or directory`);
    }
    await process.print(`${canonical(process, absolute)}\n`);
  }
  return 0;
});

/** The programs that tell what a file is. */
export const DESCRIBE_FILES: Readonly<Record<string, Program>> = { ls, readlink, realpath, stat };
