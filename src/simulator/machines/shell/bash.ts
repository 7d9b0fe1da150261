import { parse } from 'just-bash';
import type { ScriptNode } from 'just-bash';
import { FileError } from '../files/file-error.ts';
import { openPath } from '../processes/open-path.ts';
import type { Process } from '../processes/process.ts';
import type { Program } from '../processes/programs.ts';
import { evaluateArithmetic } from './arithmetic.ts';
import { BUILTINS } from './builtins/index.ts';
import { setLetters, setOption } from './builtins/options.ts';
import { ShellExit } from './outcomes.ts';
import { runStatements } from './run-statements.ts';
import { runToEnd } from './shell-end.ts';
import { Shell } from './shell.ts';
import type { ShellRuntime } from './shell.ts';
import { readAll } from '../io/read-all.ts';
import { Variables } from './variables.ts';
import { expandText } from './words.ts';

const BASH_VERSION = '5.1.16(1)-release';

const runtime: ShellRuntime = { runStatements, runText, expandText, evaluateArithmetic };

async function runText(shell: Shell, text: string): Promise<number> {
  const script = await parseOrComplain(shell, text);
  if (script === undefined) {
    shell.lastStatus = 2;
    return 2;
  }
  if (script.statements.length === 0) return 0;
  return runStatements(shell, script.statements);
}

async function parseOrComplain(shell: Shell, text: string): Promise<ScriptNode | undefined> {
  try {
    return parse(text);
  } catch (error) {
    // The parser has an exception of its own, which it does not export.
    await shell.process.print(`${shell.name}: ${error instanceof Error ? error.message : String(error)}\n`, 2);
    return undefined;
  }
}

/** `bash` and `sh`: a command (`-c`), a script file, or a script on stdin. */
export const bash: Program = async (process, args) => {
  const shell = newShell(process, 'bash');
  const parsed = await readOptions(shell, args);
  if (parsed === undefined) return 2;
  const { command, rest, version, fromStdin } = parsed;
  if (version) {
    await process.print(`GNU bash, version ${BASH_VERSION} (${process.system.spec.architecture}-pc-linux-gnu)\n`);
    return 0;
  }
  if (command !== undefined) {
    shell.unsetStatus = 127;
    return start(shell, rest[0] ?? 'bash', rest.slice(1), command);
  }
  const [file, ...positional] = rest;
  if (file === undefined || fromStdin) {
    return start(shell, 'bash', rest, await readAll(process.file(0), process.signal));
  }
  const script = await readScript(process, file);
  return typeof script === 'number' ? script : start(shell, file, positional, script);
};

/** The program that is nothing but a builtin: /usr/bin/echo, for those that are not shells. */
export function builtinProgram(name: string): Program {
  return async (process, args) => {
    const builtin = BUILTINS.get(name);
    const shell = newShell(process, name);
    return builtin === undefined ? 127 : runToEnd(shell, () => builtin(shell, args));
  };
}

async function start(shell: Shell, name: string, positional: readonly string[], text: string): Promise<number> {
  shell.name = name;
  shell.positional = positional;
  return runToEnd(shell, async () => {
    const status = await runText(shell, text);
    if (shell.lastStatus === 2 && status === 2) throw new ShellExit(2);
    return status;
  });
}

async function readScript(process: Process, file: string): Promise<string | number> {
  try {
    const opened = openPath(process, file, { read: true });
    const text = await readAll(opened, process.signal);
    opened.release();
    return text;
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return process.fail(`bash: ${file}: ${error.text}`, error.code === 'ENOENT' ? 127 : 126);
  }
}

interface BashArguments {
  readonly command: string | undefined;
  readonly rest: readonly string[];
  readonly version: boolean;
  readonly fromStdin: boolean;
}

async function readOptions(shell: Shell, args: readonly string[]): Promise<BashArguments | undefined> {
  let isCommand = false;
  let fromStdin = false;
  let i = 0;
  for (; i < args.length; i += 1) {
    const arg = args[i] ?? '';
    if (arg === '--version') return { command: undefined, rest: [], version: true, fromStdin };
    if (arg === '--' || arg === '-') {
      i += 1;
      break;
    }
    if (arg.startsWith('--')) continue;
    if (!/^[-+]./.test(arg)) break;
    const on = arg.startsWith('-');
    if (arg.includes('c')) isCommand = true;
    if (arg.includes('s')) fromStdin = true;
    const unknown = setLetters(shell, arg.slice(1).replace(/[cslo]/g, ''), on);
    if (unknown !== undefined) {
      await shell.process.print(`bash: -${unknown}: invalid option\n`, 2);
      return undefined;
    }
    if (!arg.includes('o')) continue;
    i += 1;
    const name = args[i] ?? '';
    if (!setOption(shell, name, on)) {
      await shell.process.print(`bash: ${name}: invalid option name\n`, 2);
      return undefined;
    }
  }
  if (!isCommand) return { command: undefined, rest: args.slice(i), version: false, fromStdin };
  const command = args[i];
  if (command !== undefined) return { command, rest: args.slice(i + 1), version: false, fromStdin };
  await shell.process.print('bash: -c: option requires an argument\n', 2);
  return undefined;
}

/** A shell that begins with the environment its process was given. */
function newShell(process: Process, name: string): Shell {
  const { system } = process;
  const seconds = (): string => String(Math.floor((system.clock.now() - process.startedAtMs) / 1000));
  const variables = new Variables(
    new Map([
      ['RANDOM', () => String(Math.floor(system.random() * 32_768))],
      ['SECONDS', seconds],
      ['EPOCHSECONDS', () => String(Math.floor(system.clock.now() / 1000))],
      ['$', () => String(process.pid)],
    ]),
  );
  for (const [key, value] of process.env) {
    if (!/^[A-Za-z_]\w*$/.test(key)) continue;
    variables.set(key, value);
    variables.declare(key).exported = true;
  }
  const own: Readonly<Record<string, string>> = {
    BASH: '/bin/bash',
    BASH_VERSION,
    HOSTNAME: system.spec.hostname,
    IFS: ' \t\n',
    OPTIND: '1',
    PPID: String(process.parent?.pid ?? 1),
    UID: String(process.user.uid),
    EUID: String(process.user.uid),
  };
  for (const [key, value] of Object.entries(own)) variables.set(key, value);
  variables.set('PWD', process.cwd);
  variables.declare('PWD').exported = true;
  variables.set('SHLVL', String(Number(process.env.get('SHLVL') ?? '0') + 1));
  variables.declare('SHLVL').exported = true;
  if (variables.get('PATH') === undefined) {
    variables.set('PATH', '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin');
  }
  return new Shell({ process, runtime, variables, name });
}
