import { DirectoryInode } from '../../files/inode.ts';
import type { Shell } from '../shell.ts';
import { refuse } from './builtin.ts';
import type { Builtin } from './builtin.ts';

const EXECUTE = 1;

const cd: Builtin = async (shell, args) => {
  const [target] = args.filter((arg) => !/^-[LPe]$/.test(arg) && arg !== '--');
  const wanted = target === '-' ? shell.variables.get('OLDPWD') : (target ?? shell.variables.get('HOME'));
  if (wanted === undefined || wanted === '') return refuse(shell, `cd: ${target === '-' ? 'OLDPWD' : 'HOME'} not set`);
  const status = await enter(shell, wanted);
  if (status === 0 && target === '-') await shell.process.print(`${shell.process.cwd}\n`);
  return status;
};

async function enter(shell: Shell, wanted: string): Promise<number> {
  const { process } = shell;
  const path = process.resolve(wanted);
  const { files } = process.system;
  if (!files.exists(path, process.who)) return refuse(shell, `cd: ${wanted}: No such file or directory`);
  const inode = files.stat(path, process.who);
  if (!(inode instanceof DirectoryInode)) return refuse(shell, `cd: ${wanted}: Not a directory`);
  if (!files.may(inode, process.who, EXECUTE)) return refuse(shell, `cd: ${wanted}: Permission denied`);
  shell.variables.set('OLDPWD', process.cwd);
  process.cwd = path;
  shell.variables.set('PWD', path);
  return 0;
}

const pwd: Builtin = async (shell, args) => {
  const { process } = shell;
  const path = args.includes('-P') ? process.system.files.realPath(process.cwd, process.who) : process.cwd;
  await process.print(`${path}\n`);
  return 0;
};

const stack = new WeakMap<Shell, string[]>();

const pushd: Builtin = async (shell, [target]) => {
  if (target === undefined) return refuse(shell, 'pushd: no other directory');
  const before = shell.process.cwd;
  const status = await enter(shell, target);
  if (status === 0) stack.set(shell, [before, ...(stack.get(shell) ?? [])]);
  return status;
};

const popd: Builtin = async (shell) => {
  const [top, ...rest] = stack.get(shell) ?? [];
  if (top === undefined) return refuse(shell, 'popd: directory stack empty');
  stack.set(shell, rest);
  return enter(shell, top);
};

const umask: Builtin = async (shell, args) => {
  const [mask] = args.filter((arg) => !/^-[Sp]$/.test(arg));
  if (mask === undefined) {
    await shell.process.print(`${shell.process.umask.toString(8).padStart(4, '0')}\n`);
    return 0;
  }
  if (!/^[0-7]{1,4}$/.test(mask)) return refuse(shell, `umask: ${mask}: only octal masks are simulated`);
  shell.process.umask = Number.parseInt(mask, 8) & 0o777;
  return 0;
};

const ulimit: Builtin = async (shell, args) => {
  if (args.some((arg) => !arg.startsWith('-'))) return 0;
  await shell.process.print(args.includes('-n') ? '1024\n' : 'unlimited\n');
  return 0;
};

export const DIRECTORY: Readonly<Record<string, Builtin>> = { cd, pwd, pushd, popd, umask, ulimit };
