import { OPTION_LETTERS } from '../shell.ts';
import type { Shell, ShellOptions } from '../shell.ts';
import { quoteForShell } from '../parameter-operations.ts';
import { refuse } from './builtin.ts';
import type { Builtin } from './builtin.ts';

/** Options that a real bash has and that make no difference here. */
const WITHOUT_EFFECT: ReadonlySet<string> = new Set([
  'braceexpand',
  'emacs',
  'functrace',
  'hashall',
  'histexpand',
  'history',
  'interactive-comments',
  'monitor',
  'notify',
  'posix',
  'privileged',
  'vi',
]);
const LETTERS_WITHOUT_EFFECT = 'BHThmbkpi';

/** Switches an option by its long name; false if there is none of that name. */
export function setOption(shell: Shell, name: string, on: boolean): boolean {
  if (name in shell.options) {
    shell.options[name as keyof ShellOptions] = on;
    return true;
  }
  return WITHOUT_EFFECT.has(name);
}

/** Switches options by their letters, as in `-eux`; undefined if all are known, else the first that is not. */
export function setLetters(shell: Shell, letters: string, on: boolean): string | undefined {
  for (const letter of letters) {
    const name = OPTION_LETTERS[letter];
    if (name !== undefined) shell.options[name] = on;
    else if (!LETTERS_WITHOUT_EFFECT.includes(letter)) return letter;
  }
  return undefined;
}

const set: Builtin = async (shell, args) => {
  if (args.length === 0) return listVariables(shell);
  for (let i = 0; i < args.length; i += 1) {
    const arg = args[i] ?? '';
    if (arg === '--' || arg === '-') {
      shell.positional = args.slice(i + 1);
      return 0;
    }
    if (!/^[-+]./.test(arg)) {
      shell.positional = args.slice(i);
      return 0;
    }
    const on = arg.startsWith('-');
    const letters = arg.slice(1).replace('o', '');
    const unknown = setLetters(shell, letters, on);
    if (unknown !== undefined) return refuse(shell, `set: ${arg}: invalid option`, 2);
    if (!arg.includes('o')) continue;
    i += 1;
    const name = args[i];
    if (name === undefined) return listOptions(shell);
    if (!setOption(shell, name, on)) return refuse(shell, `set: ${name}: invalid option name`, 2);
  }
  return 0;
};

async function listVariables(shell: Shell): Promise<number> {
  for (const name of shell.variables.names()) {
    await shell.process.print(`${name}=${quoteForShell(shell.variables.get(name) ?? '')}\n`);
  }
  return 0;
}

async function listOptions(shell: Shell): Promise<number> {
  for (const [name, on] of Object.entries(shell.options)) {
    await shell.process.print(`${name.padEnd(15)}\t${on === true ? 'on' : 'off'}\n`);
  }
  return 0;
}

const shopt: Builtin = (shell, args) => {
  const names = args.filter((arg) => !arg.startsWith('-'));
  const flags = args.filter((arg) => arg.startsWith('-')).join('');
  if (flags.includes('o')) {
    return Promise.resolve(names.every((name) => setOption(shell, name, flags.includes('s'))) ? 0 : 1);
  }
  if (flags.includes('s')) for (const name of names) shell.shopts.add(name);
  else if (flags.includes('u')) for (const name of names) shell.shopts.delete(name);
  else return Promise.resolve(names.every((name) => shell.shopts.has(name)) ? 0 : 1);
  return Promise.resolve(0);
};

export const OPTIONS: Readonly<Record<string, Builtin>> = { set, shopt };
