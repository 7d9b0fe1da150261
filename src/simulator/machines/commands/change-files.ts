import { FileError } from '../files/file-error.ts';
import { copyTree, removeTree } from '../files/file-copy.ts';
import { readChunks } from '../io/read-all.ts';
import { openPath } from '../processes/open-path.ts';
import { baseName, parentOf } from '../files/paths.ts';
import { findGroup, findUser } from '../processes/users.ts';
import type { Process } from '../processes/process.ts';
import type { Program } from '../processes/programs.ts';
import type { Arguments } from './arguments.ts';
import { forEachOperand, parseMode, program, refuse } from './program-kit.ts';

function isDirectory(process: Process, path: string): boolean {
  const { files } = process.system;
  const absolute = process.resolve(path);
  return files.exists(absolute, process.who) && files.stat(absolute, process.who).kind === 'directory';
}

/** Sources and where each goes: into the last operand if it is a directory, else to it. */
function destinations(
  process: Process,
  args: Arguments,
): { readonly sources: readonly string[]; target(source: string): string } | undefined {
  const into = args.value('t');
  const sources = into === undefined ? args.operands.slice(0, -1) : args.operands;
  const last = into ?? args.operands.at(-1);
  if (last === undefined || sources.length === 0) return undefined;
  const inside = !args.has('T') && (into !== undefined || isDirectory(process, last));
  if (!inside && sources.length > 1) return undefined;
  return { sources, target: (source) => process.resolve(inside ? `${last}/${baseName(source)}` : last) };
}

const mkdir = program({ flags: 'pv', valued: 'm', long: { parents: 'p', verbose: 'v', mode: 'm' } }, (process, args) =>
  forEachOperand(
    process,
    args.operands,
    (path) => {
      const absolute = process.resolve(path);
      const existed = process.system.files.exists(absolute, process.who);
      process.system.files.makeDirectory(absolute, process.who, args.has('p'));
      const mode = parseMode(args.value('m') ?? '', 0o777, process.umask);
      if (mode !== undefined && !existed) process.system.files.changeMode(absolute, process.who, mode);
    },
    (path, text) => `cannot create directory '${path}': ${text}`,
  ),
);

const rmdir = program({ flags: 'pv' }, (process, args) =>
  forEachOperand(
    process,
    args.operands,
    (path) => process.system.files.remove(process.resolve(path), process.who, true),
    (path, text) => `failed to remove '${path}': ${text}`,
  ),
);

const rm = program({ flags: 'rRfvdi', long: { recursive: 'r', force: 'f', verbose: 'v' } }, async (process, args) => {
  const recursive = args.has('r') || args.has('R');
  const { files } = process.system;
  if (args.operands.length === 0 && args.has('f')) return 0;
  return forEachOperand(
    process,
    args.operands,
    (path) => {
      const absolute = process.resolve(path);
      if (absolute === '/') throw new FileError('EPERM', path);
      if (args.has('f') && !files.exists(absolute, process.who, false)) return;
      if (recursive) removeTree(files, absolute, process.who);
      else files.remove(absolute, process.who);
    },
    (path, text) => `cannot remove '${path}': ${text}`,
  );
});

const mv = program({ flags: 'fvnuT', valued: 't', long: { force: 'f' } }, async (process, args) => {
  const plan = destinations(process, args);
  if (plan === undefined) return refuse(process, 'missing destination file operand');
  return forEachOperand(
    process,
    plan.sources,
    (source) => {
      const target = plan.target(source);
      if (args.has('n') && process.system.files.exists(target, process.who, false)) return;
      process.system.files.rename(process.resolve(source), target, process.who);
    },
    (source, text) => `cannot move '${source}' to '${plan.target(source)}': ${text}`,
  );
});

const cp = program(
  { flags: 'rRapfvnTLPu', valued: 't', long: { recursive: 'r', archive: 'a', preserve: 'p', force: 'f' } },
  async (process, args) => {
    const plan = destinations(process, args);
    if (plan === undefined) return refuse(process, 'missing destination file operand');
    const recursive = ['r', 'R', 'a'].some((letter) => args.has(letter));
    const { files } = process.system;
    return forEachOperand(
      process,
      plan.sources,
      (source) => {
        const target = plan.target(source);
        if (args.has('n') && files.exists(target, process.who, false)) return;
        copyTree(files, process.resolve(source), target, process.who, recursive);
        if (!args.has('p') && !args.has('a')) return;
        const { mode, mtimeMs } = files.stat(process.resolve(source), process.who);
        files.changeMode(target, process.who, mode);
        files.changeTime(target, process.who, mtimeMs);
      },
      (source, text) => `cannot copy '${source}': ${text}`,
    );
  },
);

const ln = program({ flags: 'sfnvT', valued: 't', long: { symbolic: 's', force: 'f' } }, async (process, args) => {
  const plan = destinations(
    process,
    args.operands.length === 1 ? { ...args, operands: [...args.operands, '.'] } : args,
  );
  if (plan === undefined) return refuse(process, 'missing file operand');
  const { files } = process.system;
  return forEachOperand(
    process,
    plan.sources,
    (source) => {
      const target = args.has('n') ? process.resolve(args.operands.at(-1) ?? '') : plan.target(source);
      if (args.has('f') && files.exists(target, process.who, false)) files.remove(target, process.who);
      if (args.has('s')) files.makeLink(source, target, process.who);
      else files.makeHardLink(process.resolve(source), target, process.who);
    },
    (source, text) => `failed to create link '${plan.target(source)}': ${text}`,
  );
});

const touch = program({ flags: 'acmh', valued: 'dtr', long: { 'no-create': 'c', date: 'd' } }, (process, args) => {
  const { files, clock } = process.system;
  const given = Date.parse(args.value('d') ?? '');
  const time = Number.isNaN(given) ? clock.now() : given;
  return forEachOperand(
    process,
    args.operands,
    (path) => {
      const absolute = process.resolve(path);
      if (!files.exists(absolute, process.who)) {
        if (args.has('c')) return;
        files.open(absolute, process.who, { write: true, create: true }).release();
      }
      files.changeTime(absolute, process.who, time);
    },
    (path, text) => `cannot touch '${path}': ${text}`,
  );
});

/** Calls `change` for a path and, if asked, all below it. */
function below(process: Process, path: string, recursive: boolean, change: (path: string) => void): void {
  const absolute = process.resolve(path);
  change(absolute);
  if (!recursive || !isDirectory(process, absolute)) return;
  for (const name of process.system.files.list(absolute, process.who)) {
    below(process, `${absolute}/${name}`, true, change);
  }
}

const chmod: Program = async (process, args) => {
  const recursive = args.some((arg) => arg === '-R' || arg === '--recursive');
  // A mode may begin with a minus: chmod -x file.
  const [mode = '', ...paths] = args.filter((arg) => !/^(-R|-f|-v|-c|--recursive|--)$/.test(arg));
  if (parseMode(mode, 0, 0) === undefined) return refuse(process, `invalid mode: '${mode}'`);
  const { files } = process.system;
  return forEachOperand(
    process,
    paths,
    (path) =>
      below(process, path, recursive, (each) => {
        const before = files.stat(each, process.who).mode;
        files.changeMode(each, process.who, parseMode(mode, before, process.umask) ?? before);
      }),
    (path, text) => `changing permissions of '${path}': ${text}`,
  );
};

const chown = program({ flags: 'RfvhH', long: { recursive: 'R', 'no-dereference': 'h' } }, async (process, args) => {
  const [owner = '', ...paths] = args.operands;
  const change = parseOwner(owner);
  if (change === undefined) return refuse(process, `invalid user: '${owner}'`);
  return forEachOperand(
    process,
    paths,
    (path) =>
      below(process, path, args.has('R'), (each) =>
        process.system.files.changeOwner(each, process.who, change, !args.has('h')),
      ),
    (path, text) => `changing ownership of '${path}': ${text}`,
  );
});

const chgrp = program({ flags: 'Rfvh' }, async (process, args) => {
  const [group = '', ...paths] = args.operands;
  const gid = findGroup(group);
  if (gid === undefined) return refuse(process, `invalid group: '${group}'`);
  return forEachOperand(
    process,
    paths,
    (path) => process.system.files.changeOwner(process.resolve(path), process.who, { gid }),
    (path, text) => `changing group of '${path}': ${text}`,
  );
});

/** `user`, `user:group`, `user:`, `:group`. */
function parseOwner(text: string): { readonly uid?: number; readonly gid?: number } | undefined {
  const [userText = '', groupText] = text.split(/[:.]/);
  const user = userText === '' ? undefined : findUser(userText);
  const gid = groupText === undefined ? undefined : groupText === '' ? user?.gid : findGroup(groupText);
  if ((userText !== '' && user === undefined) || (groupText !== undefined && gid === undefined)) return undefined;
  return { ...(user === undefined ? {} : { uid: user.uid }), ...(gid === undefined ? {} : { gid }) };
}

const install = program(
  { flags: 'dDpvcCT', valued: 'mogt', long: { directory: 'd', mode: 'm', owner: 'o', group: 'g' } },
  async (process, args) => {
    const { files } = process.system;
    const mode = parseMode(args.value('m') ?? '755', 0, 0);
    const owner = parseOwner(
      `${args.value('o') ?? ''}${args.value('g') === undefined ? '' : `:${args.value('g') ?? ''}`}`,
    );
    if (mode === undefined) return refuse(process, `invalid mode '${args.value('m') ?? ''}'`);
    if (owner === undefined) return refuse(process, `invalid user '${args.value('o') ?? ''}'`);
    const finish = (path: string): void => {
      files.changeMode(path, process.who, mode);
      files.changeOwner(path, process.who, owner);
    };
    if (args.has('d')) {
      return forEachOperand(
        process,
        args.operands,
        (path) => {
          files.makeDirectory(process.resolve(path), process.who, true);
          finish(process.resolve(path));
        },
        (path, text) => `cannot create directory '${path}': ${text}`,
      );
    }
    const plan = destinations(process, args);
    if (plan === undefined) return refuse(process, 'missing destination file operand');
    return forEachOperand(
      process,
      plan.sources,
      async (source) => {
        const target = plan.target(source);
        if (args.has('D')) files.makeDirectory(parentOf(target), process.who, true);
        // Not always a plain file: `install -m 0600 /dev/null secret` makes an empty one.
        const file = openPath(process, source, { read: true });
        const content = Buffer.concat(await readChunks(file, process.signal));
        file.release();
        // A running program's file is replaced, not written into.
        if (files.exists(target, process.who, false)) files.remove(target, process.who);
        files.writeFile(target, process.who, content, 0o600);
        finish(target);
      },
      (source, text) => `cannot create regular file '${plan.target(source)}': ${text}`,
    );
  },
);

const mktemp = program(
  { flags: 'dqut', valued: 'p', long: { directory: 'd', tmpdir: 'p', quiet: 'q' } },
  async (process, args) => {
    const [template = 'tmp.XXXXXXXXXX'] = args.operands;
    const marks = /X{3,}(?!.*X{3})/.exec(template)?.[0] ?? '';
    if (marks === '') return refuse(process, `too few X's in template '${template}'`);
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
    const random = Array.from(marks, () => letters.charAt(Math.floor(process.system.random() * letters.length))).join(
      '',
    );
    const name =
      template.slice(0, template.lastIndexOf(marks)) +
      random +
      template.slice(template.lastIndexOf(marks) + marks.length);
    const directory = args.value('p') ?? (args.operands.length === 0 || args.has('t') ? '/tmp' : '');
    const path = directory === '' ? name : `${directory}/${name}`;
    const who = { ...process.who, umask: 0 };
    try {
      if (args.has('d')) process.system.files.makeDirectory(process.resolve(path), who, false, 0o700);
      else process.system.files.open(process.resolve(path), who, { write: true, create: true, mode: 0o600 }).release();
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      return refuse(process, `failed to create file via template '${template}': ${error.text}`);
    }
    await process.print(`${path}\n`);
    return 0;
  },
);

const truncate = program({ flags: 'c', valued: 's', long: { size: 's' } }, (process, args) =>
  forEachOperand(
    process,
    args.operands,
    (path) => {
      const absolute = process.resolve(path);
      process.system.files.open(absolute, process.who, { write: true, create: true }).release();
      const inode = process.system.files.stat(absolute, process.who);
      if (inode.kind === 'file') inode.truncate(Number(args.value('s') ?? '0'));
    },
    (path, text) => `cannot open '${path}' for writing: ${text}`,
  ),
);

/** The programs that make, move, remove and change files. */
export const CHANGE_FILES: Readonly<Record<string, Program>> = {
  chgrp,
  chmod,
  chown,
  cp,
  install,
  ln,
  mkdir,
  mktemp,
  mv,
  rm,
  rmdir,
  touch,
  truncate,
};
