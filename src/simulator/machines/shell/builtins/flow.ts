import { readAll } from '../../io/read-all.ts';
import { openPath } from '../../processes/open-path.ts';
import { findProgram } from '../../processes/programs.ts';
import { LoopControl, ShellExit, ShellReturn } from '../outcomes.ts';
import type { Shell } from '../shell.ts';
import { refuse } from './builtin.ts';
import type { Builtin } from './builtin.ts';

function succeed(): Promise<number> {
  return Promise.resolve(0);
}

function fail(): Promise<number> {
  return Promise.resolve(1);
}

function statusOf(shell: Shell, text: string | undefined): number {
  return text === undefined ? shell.lastStatus : Number.parseInt(text, 10) & 0xff;
}

const exit: Builtin = (shell, [status]) => Promise.reject(new ShellExit(statusOf(shell, status)));

const returnFrom: Builtin = (shell, [status]) => {
  if (shell.returnDepth === 0) return refuse(shell, "return: can only `return' from a function or sourced script", 2);
  return Promise.reject(new ShellReturn(statusOf(shell, status)));
};

function leaveLoop(kind: 'break' | 'continue'): Builtin {
  return (shell, [levels = '1']) => {
    if (shell.loopDepth === 0) return refuse(shell, `${kind}: only meaningful in a loop`, 0);
    return Promise.reject(new LoopControl(kind, Number(levels)));
  };
}

const evaluate: Builtin = (shell, args) => shell.runtime.runText(shell, args.join(' '));

const source: Builtin = async (shell, [name, ...args]) => {
  if (name === undefined) return refuse(shell, 'source: filename argument required', 2);
  const found = name.includes('/') ? undefined : findProgram(shell.process, name, shell.variables.get('PATH'));
  const file = openPath(shell.process, found?.kind === 'found' ? found.path : name, { read: true });
  const text = await readAll(file, shell.process.signal);
  file.release();
  const before = shell.positional;
  if (args.length > 0) shell.positional = args;
  shell.returnDepth += 1;
  try {
    return await shell.runtime.runText(shell, text);
  } catch (error) {
    if (error instanceof ShellReturn) return error.exitCode;
    throw error;
  } finally {
    shell.returnDepth -= 1;
    shell.positional = before;
  }
};

export const FLOW: Readonly<Record<string, Builtin>> = {
  ':': succeed,
  true: succeed,
  false: fail,
  exit,
  return: returnFrom,
  break: leaveLoop('break'),
  continue: leaveLoop('continue'),
  eval: evaluate,
  source,
  '.': source,
};
