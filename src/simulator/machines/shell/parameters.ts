import { evaluateText } from './arithmetic.ts';
import { ExpansionError } from './outcomes.ts';
import { OPTION_LETTERS } from './shell.ts';
import type { Shell } from './shell.ts';

/** What a parameter stands for, before any operation on it. */
export interface ParameterValue {
  /** undefined: it is not set. */
  readonly values: readonly string[] | undefined;
  /** `$@`, `$*`, `${a[@]}`, `${a[*]}`: all of them. */
  readonly list: 'each' | 'joined' | undefined;
}

const ELEMENT = /^([A-Za-z_]\w*)\[([\s\S]*)\]$/;

/** Looks a parameter up by what stands after `$`: a name, a number, `@`, `?`, `a[1]`. */
export async function parameterValue(shell: Shell, parameter: string): Promise<ParameterValue> {
  if (parameter === '@' || parameter === '*') {
    const values = shell.positional.length === 0 ? undefined : shell.positional;
    return { values, list: parameter === '@' ? 'each' : 'joined' };
  }
  const element = ELEMENT.exec(parameter);
  if (element !== null) return elementValue(shell, element[1] ?? '', element[2] ?? '');
  const value = scalarValue(shell, parameter);
  return { values: value === undefined ? undefined : [value], list: undefined };
}

/** Sets `name` or `name[key]`; the form is the parameter's own. */
export async function assignParameter(shell: Shell, parameter: string, value: string): Promise<void> {
  const element = ELEMENT.exec(parameter);
  if (element === null) {
    if (!/^[A-Za-z_]\w*$/.test(parameter)) throw new ExpansionError(`$${parameter}: cannot assign in this way`);
    shell.variables.set(parameter, value);
    return;
  }
  const name = element[1] ?? '';
  shell.variables.setElement(name, await elementKey(shell, name, element[2] ?? ''), value);
}

/** The key a subscript means: itself in an associative array, a number otherwise (negative ones count from the end). */
export async function elementKey(shell: Shell, name: string, subscript: string): Promise<string> {
  const variable = shell.variables.find(name);
  const text = await expandSubscript(shell, subscript);
  if (variable?.associative === true) return text;
  const index = await evaluateText(shell, text);
  if (index >= 0) return String(index);
  const last = Math.max(-1, ...[...(variable?.elements?.keys() ?? [])].map(Number));
  return String(last + 1 + index);
}

/** The indices or keys of an array, in order. */
export function arrayKeys(shell: Shell, name: string): string[] {
  const variable = shell.variables.find(name);
  if (variable?.elements === undefined) return variable?.value === undefined ? [] : ['0'];
  const keys = [...variable.elements.keys()];
  return variable.associative ? keys : keys.sort((a, b) => Number(a) - Number(b));
}

async function elementValue(shell: Shell, name: string, subscript: string): Promise<ParameterValue> {
  const variable = shell.variables.find(name);
  if (subscript === '@' || subscript === '*') {
    const values = arrayKeys(shell, name).map((key) => variable?.elements?.get(key) ?? variable?.value ?? '');
    return { values: values.length === 0 ? undefined : values, list: subscript === '@' ? 'each' : 'joined' };
  }
  const key = await elementKey(shell, name, subscript);
  const value =
    variable?.elements === undefined && key === '0' ? shell.variables.get(name) : variable?.elements?.get(key);
  return { values: value === undefined ? undefined : [value], list: undefined };
}

async function expandSubscript(shell: Shell, subscript: string): Promise<string> {
  const unquoted = subscript.replace(/^(["'])([\s\S]*)\1$/, '$2');
  if (!unquoted.includes('$')) return unquoted;
  const simple = /^\$\{?([A-Za-z_]\w*|\d+)\}?$/.exec(unquoted);
  if (simple !== null) return scalarValue(shell, simple[1] ?? '') ?? '';
  // Anything longer is arithmetic, which expands it itself.
  return String(await evaluateText(shell, unquoted));
}

function scalarValue(shell: Shell, parameter: string): string | undefined {
  switch (parameter) {
    case '?':
      return String(shell.lastStatus);
    case '#':
      return String(shell.positional.length);
    case '$':
      return shell.variables.get('$') ?? String(shell.process.pid);
    case '!':
      return shell.lastBackground === undefined ? undefined : String(shell.lastBackground);
    case '-':
      return Object.entries(OPTION_LETTERS)
        .filter(([, option]) => shell.options[option])
        .map(([letter]) => letter)
        .join('');
    case '0':
      return shell.name;
    case 'LINENO':
      return String(shell.line);
    case 'BASHPID':
      return String(shell.process.pid);
  }
  if (/^\d+$/.test(parameter)) return shell.positional[Number(parameter) - 1];
  return shell.variables.get(parameter);
}
