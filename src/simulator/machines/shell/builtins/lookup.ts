import { findProgram } from '../../processes/programs.ts';
import type { Shell } from '../shell.ts';
import { refuse } from './builtin.ts';
import type { Builtin } from './builtin.ts';

const KEYWORDS: ReadonlySet<string> = new Set(
  'if then else elif fi case esac for select while until do done in function time { } ! [[ ]]'.split(' '),
);

type Meaning = { readonly kind: 'keyword' | 'function' | 'builtin' } | { readonly kind: 'file'; readonly path: string };

function meaningOf(shell: Shell, name: string, isBuiltin: (name: string) => boolean): Meaning | undefined {
  if (KEYWORDS.has(name)) return { kind: 'keyword' };
  if (shell.functions.has(name)) return { kind: 'function' };
  if (isBuiltin(name)) return { kind: 'builtin' };
  const found = findProgram(shell.process, name, shell.variables.get('PATH'));
  return found.kind === 'found' ? { kind: 'file', path: found.path } : undefined;
}

/** `type`, `command -v`, `hash`: what a name would run. */
export function lookupBuiltins(isBuiltin: (name: string) => boolean): Readonly<Record<string, Builtin>> {
  const type: Builtin = async (shell, args) => {
    const flags = args.filter((arg) => arg.startsWith('-')).join('');
    let status = 0;
    for (const name of args.filter((arg) => !arg.startsWith('-'))) {
      const meaning =
        flags.includes('P') || flags.includes('p') ? onPath(shell, name) : meaningOf(shell, name, isBuiltin);
      if (meaning === undefined) {
        status = 1;
        if (flags === '') await shell.complain(`type: ${name}: not found`);
        continue;
      }
      await shell.process.print(`${describe(name, meaning, flags)}\n`);
    }
    return status;
  };
  const command: Builtin = async (shell, args) => {
    const [flag, ...names] = args;
    if (flag !== '-v' && flag !== '-V') {
      return flag === undefined ? 0 : refuse(shell, `command: ${flag}: only -v and -V are simulated`, 2);
    }
    let status = 0;
    for (const name of names) {
      const meaning = meaningOf(shell, name, isBuiltin);
      if (meaning === undefined) status = 1;
      else if (flag === '-V') await shell.process.print(`${describe(name, meaning, '')}\n`);
      else await shell.process.print(`${meaning.kind === 'file' ? meaning.path : name}\n`);
    }
    return status;
  };
  const hash: Builtin = async (shell, args) => {
    for (const name of args.filter((arg) => !arg.startsWith('-'))) {
      if (meaningOf(shell, name, isBuiltin) === undefined) return refuse(shell, `hash: ${name}: not found`);
    }
    return 0;
  };
  return { type, command, hash };
}

function onPath(shell: Shell, name: string): Meaning | undefined {
  const found = findProgram(shell.process, name, shell.variables.get('PATH'));
  return found.kind === 'found' ? { kind: 'file', path: found.path } : undefined;
}

function describe(name: string, meaning: Meaning, flags: string): string {
  if (flags.includes('t')) return meaning.kind;
  if (meaning.kind === 'file') return /[pP]/.test(flags) ? meaning.path : `${name} is ${meaning.path}`;
  if (meaning.kind === 'keyword') return `${name} is a shell keyword`;
  return meaning.kind === 'builtin' ? `${name} is a shell builtin` : `${name} is a function`;
}
