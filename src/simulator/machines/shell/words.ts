import { createPipe } from '../io/pipe.ts';
import { findUser } from '../processes/users.ts';
import { evaluateArithmetic } from './arithmetic.ts';
import type { Part, ParameterOperation, WordNode, WordPart } from './ast.ts';
import { bracesOf } from './braces.ts';
import { collectOutput, forkSubshell } from './subshell.ts';
import { FieldBuilder } from './field-builder.ts';
import type { Field } from './field-builder.ts';
import { expandFileNames } from './file-names.ts';
import { ExpansionError, UnsetError } from './outcomes.ts';
import { applyToValue, slice, substring } from './parameter-operations.ts';
import { arrayKeys, assignParameter, parameterValue } from './parameters.ts';
import type { ParameterValue } from './parameters.ts';
import { isPattern } from './patterns.ts';
import type { Shell } from './shell.ts';

/** Expands words to arguments: braces, variables, commands, arithmetic, field splitting, file names. */
export async function expandWords(shell: Shell, words: readonly WordNode[]): Promise<string[]> {
  const result: string[] = [];
  for (const word of words) {
    for (const parts of bracesOf(word.parts)) {
      const builder = new FieldBuilder(shell.variables.get('IFS') ?? ' \t\n');
      await addParts(shell, builder, parts, false);
      for (const field of builder.fields()) result.push(...namesOf(shell, field));
    }
  }
  return result;
}

/** Expands to one string: an assigned value, a redirection's target, a here-document. */
export async function expandText(shell: Shell, word: WordNode): Promise<string> {
  return (await expandToField(shell, word)).text;
}

/** Expands to one pattern, in which what was quoted means itself. */
export async function expandPattern(shell: Shell, word: WordNode): Promise<string> {
  return (await expandToField(shell, word)).pattern;
}

/** The same for the right side of `=~`: what was quoted means itself in a regular expression. */
export async function expandRegex(shell: Shell, word: WordNode): Promise<string> {
  let source = '';
  for (const part of word.parts) {
    const text = await expandText(shell, { ...word, parts: [part] });
    const quoted = part.type === 'SingleQuoted' || part.type === 'DoubleQuoted' || part.type === 'Escaped';
    source += quoted ? text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&') : text;
  }
  return source;
}

async function expandToField(shell: Shell, word: WordNode): Promise<Field> {
  const builder = new FieldBuilder('');
  await addParts(shell, builder, word.parts, false);
  const fields = builder.fields();
  return {
    text: fields.map((field) => field.text).join(' '),
    pattern: fields.map((field) => field.pattern).join(' '),
  };
}

function namesOf(shell: Shell, field: Field): string[] {
  if (shell.options.noglob || !isPattern(field.pattern)) return [field.text];
  const names = expandFileNames(shell.process, field.pattern);
  if (names.length > 0) return names;
  if (shell.shopts.has('failglob')) throw new ExpansionError(`no match: ${field.text}`);
  return shell.shopts.has('nullglob') ? [] : [field.text];
}

async function addParts(
  shell: Shell,
  builder: FieldBuilder,
  parts: readonly WordPart[],
  quoted: boolean,
): Promise<void> {
  for (const part of parts) await addPart(shell, builder, part, quoted);
}

async function addPart(shell: Shell, builder: FieldBuilder, part: WordPart, quoted: boolean): Promise<void> {
  const add = (text: string): void => (quoted ? builder.quoted(text) : builder.unquoted(text));
  switch (part.type) {
    case 'Literal':
    case 'SingleQuoted':
    case 'Escaped':
      builder.quoted(part.value);
      return;
    case 'DoubleQuoted':
      await addQuoted(shell, builder, part.parts);
      return;
    case 'Glob':
      if (quoted) builder.quoted(part.pattern);
      else builder.glob(part.pattern);
      return;
    case 'TildeExpansion':
      builder.quoted(homeOf(shell, part.user));
      return;
    case 'ArithmeticExpansion':
      add(String(await evaluateArithmetic(shell, part.expression)));
      return;
    case 'CommandSubstitution':
      add(await collectOutput(shell, part.body));
      return;
    case 'ProcessSubstitution':
      builder.quoted(processSubstitution(shell, part));
      return;
    case 'ParameterExpansion':
      await addParameter(shell, builder, part, quoted);
      return;
    case 'BraceExpansion':
      // Where braces are not expanded (an assignment, a here-document), they are text.
      await addBraces(shell, builder, part, quoted);
  }
}

async function addBraces(
  shell: Shell,
  builder: FieldBuilder,
  part: Part<'BraceExpansion'>,
  quoted: boolean,
): Promise<void> {
  builder.quoted('{');
  for (const [index, item] of part.items.entries()) {
    if (index > 0) builder.quoted(',');
    if (item.type === 'Word') await addParts(shell, builder, item.word.parts, quoted);
    else builder.quoted([item.startStr ?? item.start, item.endStr ?? item.end, item.step].filter(isGiven).join('..'));
  }
  builder.quoted('}');
}

function isGiven<T>(value: T | undefined): value is T {
  return value !== undefined;
}

async function addQuoted(shell: Shell, builder: FieldBuilder, parts: readonly WordPart[]): Promise<void> {
  // "" is an empty argument, but "$@" without arguments is none.
  const [only] = parts;
  const vanishes = parts.length === 1 && only?.type === 'ParameterExpansion' && /(^@$)|\[@\]$/.test(only.parameter);
  if (!vanishes) builder.quoted('');
  await addParts(shell, builder, parts, true);
}

async function addParameter(
  shell: Shell,
  builder: FieldBuilder,
  part: Part<'ParameterExpansion'>,
  quoted: boolean,
): Promise<void> {
  const { operation } = part;
  if (operation !== null && isAlternative(operation)) {
    const value = await parameterValue(shell, part.parameter);
    const isSet = value.values !== undefined && !(operation.checkEmpty && value.values.join('') === '');
    if (operation.type === 'UseAlternative') {
      if (isSet) await addOperand(shell, builder, operation.word, quoted);
      return;
    }
    if (!isSet) {
      await addAlternative(shell, builder, part.parameter, operation, quoted);
      return;
    }
    addValue(shell, builder, value, quoted);
    return;
  }
  addValue(shell, builder, await operate(shell, part.parameter, operation), quoted);
}

function addValue(shell: Shell, builder: FieldBuilder, value: ParameterValue, quoted: boolean): void {
  const values = value.values ?? [];
  if (value.list === 'joined' && quoted) {
    builder.quoted(values.join((shell.variables.get('IFS') ?? ' ').slice(0, 1)));
    return;
  }
  for (const [index, each] of values.entries()) {
    if (index > 0) builder.cut();
    if (quoted) builder.quoted(each);
    else builder.unquoted(each);
  }
}

type Alternative = Extract<
  ParameterOperation,
  { type: 'DefaultValue' | 'AssignDefault' | 'ErrorIfUnset' | 'UseAlternative' }
>;

function isAlternative(operation: ParameterOperation): operation is Alternative {
  return ['DefaultValue', 'AssignDefault', 'ErrorIfUnset', 'UseAlternative'].includes(operation.type);
}

async function addAlternative(
  shell: Shell,
  builder: FieldBuilder,
  parameter: string,
  operation: Exclude<Alternative, { type: 'UseAlternative' }>,
  quoted: boolean,
): Promise<void> {
  if (operation.type === 'ErrorIfUnset') {
    const text = operation.word === null ? '' : await expandText(shell, operation.word);
    throw new UnsetError(`${parameter}: ${text === '' ? 'parameter null or not set' : text}`);
  }
  if (operation.type === 'AssignDefault') {
    const text = await expandText(shell, operation.word);
    await assignParameter(shell, parameter, text);
    addValue(shell, builder, { values: [text], list: undefined }, quoted);
    return;
  }
  await addOperand(shell, builder, operation.word, quoted);
}

/** The word of `${x:-word}`: outside quotes its own text is cut into fields too. */
async function addOperand(shell: Shell, builder: FieldBuilder, word: WordNode, quoted: boolean): Promise<void> {
  for (const part of word.parts) {
    if (part.type === 'Literal' && !quoted) builder.unquoted(part.value);
    else await addPart(shell, builder, part, quoted);
  }
}

async function operate(
  shell: Shell,
  parameter: string,
  operation: Exclude<ParameterOperation, Alternative> | null,
): Promise<ParameterValue> {
  if (operation?.type === 'Indirection') return indirect(shell, parameter, operation);
  if (operation?.type === 'ArrayKeys') return { values: arrayKeys(shell, operation.array), list: 'each' };
  if (operation?.type === 'VarNamePrefix') {
    const names = shell.variables.names().filter((name) => name.startsWith(operation.prefix));
    return { values: names, list: operation.star ? 'joined' : 'each' };
  }
  if (operation?.type === 'BadSubstitution') throw new ExpansionError(`${operation.text}: bad substitution`);
  if (operation?.type === 'LengthSliceError') throw new ExpansionError(`${parameter}: bad substitution`);

  const found = await parameterValue(shell, parameter);
  if (operation?.type === 'Length') {
    const length = found.list === undefined ? (found.values?.[0] ?? '').length : (found.values ?? []).length;
    if (found.list === undefined) requireSet(shell, parameter, found);
    return { values: [String(length)], list: undefined };
  }
  requireSet(shell, parameter, found);
  if (operation === null) return found;
  const values = found.values ?? [];
  if (operation.type === 'Substring') {
    const offset = await evaluateArithmetic(shell, operation.offset);
    const length = operation.length === null ? undefined : await evaluateArithmetic(shell, operation.length);
    if (found.list !== undefined) {
      return { values: slice(shell, parameter, values, offset, length), list: found.list };
    }
    return { values: values.map((value) => substring(value, offset, length)), list: undefined };
  }
  const words = {
    pattern: 'pattern' in operation && operation.pattern ? await expandPattern(shell, operation.pattern) : '',
    replacement:
      'replacement' in operation && operation.replacement ? await expandText(shell, operation.replacement) : '',
  };
  return { values: values.map((value) => applyToValue(operation, value, words)), list: found.list };
}

/** `${!name}`: the parameter whose name is the value. */
async function indirect(
  shell: Shell,
  parameter: string,
  operation: Extract<ParameterOperation, { type: 'Indirection' }>,
): Promise<ParameterValue> {
  const target = (await parameterValue(shell, parameter)).values?.[0];
  if (target === undefined) throw new ExpansionError(`${parameter}: invalid indirect expansion`);
  const inner = operation.innerOp;
  if (inner !== undefined && isAlternative(inner)) {
    const builder = new FieldBuilder('');
    await addParameter(shell, builder, { type: 'ParameterExpansion', parameter: target, operation: inner }, true);
    return { values: builder.fields().map((field) => field.text), list: undefined };
  }
  return operate(shell, target, inner ?? null);
}

function requireSet(shell: Shell, parameter: string, value: ParameterValue): void {
  if (shell.options.nounset && value.values === undefined && value.list === undefined) {
    throw new UnsetError(`${parameter}: unbound variable`);
  }
}

function homeOf(shell: Shell, user: string | null): string {
  if (user === null || user === '') return shell.variables.get('HOME') ?? shell.process.user.home;
  return findUser(user)?.home ?? `~${user}`;
}

/** The highest descriptor that `<(…)` and `>(…)` take; the next one takes the next lower. */
const FIRST_SUBSTITUTION_FD = 63;

function processSubstitution(shell: Shell, part: Part<'ProcessSubstitution'>): string {
  const pipe = createPipe();
  const input = part.direction === 'input';
  let fd = FIRST_SUBSTITUTION_FD;
  while (shell.process.files.has(fd)) fd -= 1;
  const files = new Map(shell.process.files).set(input ? 1 : 0, input ? pipe.writer : pipe.reader);
  forkSubshell(shell, { files }, (subshell) => shell.runtime.runStatements(subshell, part.body.statements));
  (input ? pipe.writer : pipe.reader).release();
  shell.process.setFile(fd, input ? pipe.reader : pipe.writer);
  return `/dev/fd/${fd}`;
}
