import { FileError } from '../files/file-error.ts';
import type { FileInode } from '../files/inode.ts';
import type { Process } from './process.ts';

/** What an executable file does. `args` are without the program's own name, which is `process.argv[0]`. */
export type Program = (process: Process, args: readonly string[]) => Promise<number>;

/** How the file of one of the machine's own programs begins. */
const OWN_PROGRAM = /^\x7fELF simulated:([^\n]+)\n/;
/** The simulated agent, as it is downloaded: only machines of this simulator can run it. */
const AGENT = /^#!navarch-node-simulated (\w+)/;
const ARCHITECTURES: Readonly<Record<string, string>> = { amd64: 'x86_64', arm64: 'aarch64' };

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const EXECUTE = 1;
const HEAD_BYTES = 256;

/** The content of an executable file that is one of the machine's own programs. */
export function ownProgram(name: string): string {
  return `\x7fELF simulated:${name}\n`;
}

export type Found =
  | { readonly kind: 'found'; readonly path: string }
  | { readonly kind: 'missing'; readonly text: string; readonly exitCode: 126 | 127 };

/** Where the program of this name is: on the search path, or itself if it has a slash. */
export function findProgram(process: Process, name: string, searchPath = DEFAULT_PATH): Found {
  const tree = process.system.files;
  if (!name.includes('/')) {
    for (const directory of searchPath.split(':')) {
      const path = `${directory === '' ? process.cwd : directory}/${name}`;
      if (isExecutable(process, path)) return { kind: 'found', path };
    }
    return { kind: 'missing', text: 'command not found', exitCode: 127 };
  }
  const path = process.resolve(name);
  try {
    const inode = tree.stat(path, process.who);
    if (inode.kind === 'directory') return { kind: 'missing', text: 'Is a directory', exitCode: 126 };
    if (tree.may(inode, process.who, EXECUTE)) return { kind: 'found', path };
    return { kind: 'missing', text: 'Permission denied', exitCode: 126 };
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return { kind: 'missing', text: error.text, exitCode: error.code === 'EACCES' ? 126 : 127 };
  }
}

/** Finds and runs a program on behalf of another (`sudo`, `timeout`, `env`), which says in its own words if there is none. */
export async function runNamed(process: Process, argv: readonly string[]): Promise<number> {
  const [name = ''] = argv;
  const found = findProgram(process, name, process.env.get('PATH'));
  if (found.kind === 'found') return runProgram(process, found.path, argv);
  const text = found.text === 'command not found' ? 'No such file or directory' : found.text;
  return process.fail(`${process.argv[0] ?? ''}: failed to run command '${name}': ${text}`, found.exitCode);
}

/** Turns a process into the program at `path`; resolves with its exit code. */
export async function runProgram(process: Process, path: string, argv: readonly string[]): Promise<number> {
  const { system } = process;
  const inode = system.files.stat(path, process.who);
  if (inode.kind !== 'file') return process.fail(`${path}: Permission denied`, 126);
  const head = headOf(inode);

  const script = /^#!\s*(\S+)[ \t]*([^\n]*)/.exec(head);
  const agent = AGENT.exec(head);
  if (script !== null && agent === null) {
    const [, interpreter = '', option = ''] = script;
    return runInterpreter(process, path, interpreter, option.trim(), argv);
  }
  const own = OWN_PROGRAM.exec(head)?.[1];
  const wrongMachine = agent !== null && ARCHITECTURES[agent[1] ?? ''] !== system.spec.architecture;
  const program = system.programs.get(agent === null ? (own ?? 'bash') : 'navarch-node');
  const isScript = own === undefined && agent === null;
  if (program === undefined || wrongMachine || (isScript && head.includes('\0'))) {
    return process.fail(`bash: ${argv[0] ?? path}: cannot execute binary file: Exec format error`, 126);
  }
  // A text without `#!` is a script, as every shell takes it.
  process.argv = isScript ? ['bash', path, ...argv.slice(1)] : argv;
  const refusal = await system.beforeProgram(process);
  return refusal ?? program(process, process.argv.slice(1));
}

async function runInterpreter(
  process: Process,
  path: string,
  interpreter: string,
  option: string,
  argv: readonly string[],
): Promise<number> {
  // A script sees itself named as it was called, or where it was found.
  const script = argv[0]?.includes('/') === true ? argv[0] : path;
  const line = [interpreter, ...(option === '' ? [] : [option]), script, ...argv.slice(1)];
  const found = findProgram(process, interpreter);
  if (found.kind === 'missing') {
    return process.fail(`bash: ${argv[0] ?? path}: ${interpreter}: bad interpreter: ${found.text}`, 126);
  }
  return runProgram(process, found.path, line);
}

function isExecutable(process: Process, path: string): boolean {
  const tree = process.system.files;
  const absolute = process.resolve(path);
  if (!tree.exists(absolute, process.who)) return false;
  const inode = tree.stat(absolute, process.who);
  return inode.kind === 'file' && tree.may(inode, process.who, EXECUTE);
}

function headOf(inode: FileInode): string {
  return Buffer.from(inode.bytes(0, HEAD_BYTES)).toString('latin1');
}
