import { evaluateText } from '../arithmetic.ts';
import { assignText } from '../assignments.ts';
import { arrayKeys, elementKey } from '../parameters.ts';
import type { Shell } from '../shell.ts';
import type { Variable } from '../variables.ts';
import { refuse } from './builtin.ts';
import type { Builtin } from './builtin.ts';

type Place = 'here' | 'local';

/** `declare`, `local`, `export`, `readonly`: one builtin with different flags set from the start. */
function declaring(preset: { readonly place: Place; readonly flags: string }): Builtin {
  return async (shell, args) => {
    const flags = new Set(preset.flags);
    const off = new Set<string>();
    const names: string[] = [];
    for (const arg of args) {
      if (names.length === 0 && /^-[a-zA-Z]+$/.test(arg)) for (const flag of arg.slice(1)) flags.add(flag);
      else if (names.length === 0 && /^\+[a-zA-Z]+$/.test(arg)) for (const flag of arg.slice(1)) off.add(flag);
      else names.push(arg);
    }
    if (preset.flags === 'x' && flags.has('n')) {
      for (const name of names) shell.variables.declare(name).exported = false;
      return 0;
    }
    if (flags.has('f') || flags.has('F')) return functions(shell, names);
    if (names.length === 0 || flags.has('p')) return print(shell, names, preset.flags);
    for (const text of names) {
      const name = /^[A-Za-z_]\w*/.exec(text)?.[0];
      if (name === undefined) return refuse(shell, `\`${text}': not a valid identifier`);
      const local = shell.variables.inFunction && (preset.place === 'local' || isDeclare(preset, flags));
      const variable = local ? shell.variables.declareLocal(name) : shell.variables.declare(name);
      mark(shell, variable, flags, off);
      if (text.includes('=')) await assignText(shell, text);
      if (flags.has('r')) shell.variables.declare(name).readonly = true;
    }
    return 0;
  };
}

function isDeclare(preset: { readonly flags: string }, flags: ReadonlySet<string>): boolean {
  return preset.flags === '' && !flags.has('g');
}

function mark(shell: Shell, variable: Variable, flags: ReadonlySet<string>, off: ReadonlySet<string>): void {
  if (flags.has('x')) variable.exported = true;
  if (flags.has('i')) variable.integer = true;
  if (flags.has('A')) variable.associative = true;
  if (flags.has('a') || flags.has('A')) shell.variables.makeArray(variable);
  if (off.has('x')) variable.exported = false;
  if (off.has('i')) variable.integer = false;
}

function functions(shell: Shell, names: readonly string[]): Promise<number> {
  return Promise.resolve(names.every((name) => shell.functions.has(name)) ? 0 : 1);
}

async function print(shell: Shell, names: readonly string[], flags: string): Promise<number> {
  let status = 0;
  for (const name of names.length > 0 ? names : shell.variables.names()) {
    const variable = shell.variables.find(name);
    if (variable === undefined) {
      status = await refuse(shell, `declare: ${name}: not found`);
      continue;
    }
    if (names.length === 0 && flags === 'x' && !variable.exported) continue;
    await shell.process.print(`${describe(shell, name, variable)}\n`);
  }
  return status;
}

function describe(shell: Shell, name: string, variable: Variable): string {
  const letters = [
    variable.elements === undefined ? '' : variable.associative ? 'A' : 'a',
    variable.integer ? 'i' : '',
    variable.readonly ? 'r' : '',
    variable.exported ? 'x' : '',
  ].join('');
  const head = `declare -${letters === '' ? '-' : letters} ${name}`;
  if (variable.elements !== undefined) {
    const items = arrayKeys(shell, name).map((key) => `[${key}]=${JSON.stringify(variable.elements?.get(key) ?? '')}`);
    return `${head}=(${items.join(' ')})`;
  }
  return variable.value === undefined ? head : `${head}=${JSON.stringify(variable.value)}`;
}

const unset: Builtin = async (shell, args) => {
  const onlyFunctions = args[0] === '-f';
  for (const name of args.filter((arg) => !/^-[fvn]$/.test(arg))) {
    const element = /^(\w+)\[([\s\S]*)\]$/.exec(name);
    const array = element?.[1] ?? '';
    if (element !== null) shell.variables.unset(array, await elementKey(shell, array, element[2] ?? ''));
    else if (!onlyFunctions && shell.variables.find(name) !== undefined) shell.variables.unset(name);
    else shell.functions.delete(name);
  }
  return 0;
};

const shift: Builtin = (shell, [count = '1']) => {
  if (Number(count) > shell.positional.length) return Promise.resolve(1);
  shell.positional = shell.positional.slice(Number(count));
  return Promise.resolve(0);
};

const letBuiltin: Builtin = async (shell, args) => {
  let value = 0;
  for (const arg of args) value = await evaluateText(shell, arg);
  return value === 0 ? 1 : 0;
};

const getopts: Builtin = async (shell, [optstring = '', name = '', ...rest]) => {
  const args = rest.length > 0 ? rest : shell.positional;
  const silent = optstring.startsWith(':');
  const state = shell.getopts;
  const given = Number(shell.variables.get('OPTIND') ?? '1');
  if (given !== state.index) Object.assign(state, { index: given, offset: 0 });
  const finish = (letter: string, status: number): number => {
    shell.variables.set(name, letter);
    shell.variables.set('OPTIND', String(state.index));
    return status;
  };
  const arg = args[state.index - 1];
  if (state.offset === 0) {
    if (arg === undefined || !/^-./.test(arg)) return finish('?', 1);
    if (arg === '--') {
      state.index += 1;
      return finish('?', 1);
    }
    state.offset = 1;
  }
  const letter = arg?.charAt(state.offset) ?? '';
  const rest2 = arg?.slice(state.offset + 1) ?? '';
  const at = letter === ':' ? -1 : optstring.indexOf(letter);
  const takes = at >= 0 && optstring.charAt(at + 1) === ':';
  const advance = (by: number): void => {
    state.index += by;
    state.offset = 0;
  };
  if (rest2 === '') advance(1);
  else state.offset += 1;
  shell.variables.unset('OPTARG');
  if (at < 0) {
    if (silent) shell.variables.set('OPTARG', letter);
    else await shell.process.print(`${shell.name}: illegal option -- ${letter}\n`, 2);
    return finish('?', 0);
  }
  if (!takes) return finish(letter, 0);
  if (rest2 !== '') {
    advance(1);
    shell.variables.set('OPTARG', rest2);
    return finish(letter, 0);
  }
  const value = args[state.index - 1];
  if (value === undefined) {
    if (silent) shell.variables.set('OPTARG', letter);
    else await shell.process.print(`${shell.name}: option requires an argument -- ${letter}\n`, 2);
    return finish(silent ? ':' : '?', 0);
  }
  advance(1);
  shell.variables.set('OPTARG', value);
  return finish(letter, 0);
};

export const VARIABLES: Readonly<Record<string, Builtin>> = {
  declare: declaring({ place: 'here', flags: '' }),
  typeset: declaring({ place: 'here', flags: '' }),
  local: declaring({ place: 'local', flags: '' }),
  export: declaring({ place: 'here', flags: 'x' }),
  readonly: declaring({ place: 'here', flags: 'r' }),
  unset,
  shift,
  let: letBuiltin,
  getopts,
};
