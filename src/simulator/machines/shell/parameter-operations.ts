import type { ParameterOperation } from './ast.ts';
import { ExpansionError } from './outcomes.ts';
import { patternSource } from './patterns.ts';
import type { Shell } from './shell.ts';

/** The operations that make new values of old ones, one by one. */
export type ValueOperation = Extract<
  ParameterOperation,
  { type: 'PatternRemoval' | 'PatternReplacement' | 'CaseModification' | 'Transform' }
>;

/** Texts of an operation's own words, expanded: the pattern (as a pattern) and the replacement. */
export interface OperationWords {
  readonly pattern: string;
  readonly replacement: string;
}

export function applyToValue(operation: ValueOperation, value: string, words: OperationWords): string {
  switch (operation.type) {
    case 'PatternRemoval':
      return removePattern(value, words.pattern, operation.side, operation.greedy);
    case 'PatternReplacement':
      return replacePattern(value, words, operation);
    case 'CaseModification':
      return changeCase(value, words.pattern, operation.direction === 'upper', operation.all);
    case 'Transform':
      return transform(value, operation.operator);
  }
}

/** `${x:offset:length}` of one value. */
export function substring(value: string, offset: number, length: number | undefined): string {
  const start = offset < 0 ? value.length + offset : offset;
  if (start < 0) return '';
  const end = length === undefined ? value.length : length < 0 ? value.length + length : start + length;
  if (end < start) throw new ExpansionError(`${length}: substring expression < 0`);
  return value.slice(start, end);
}

/** `${@:offset:length}`; `$0` counts as the value before the first for the arguments. */
export function slice(
  shell: Shell,
  parameter: string,
  values: readonly string[],
  offset: number,
  length: number | undefined,
): string[] {
  const name = /^(\w+)\[[@*]\]$/.exec(parameter)?.[1];
  const keys = name === undefined ? undefined : [...(shell.variables.find(name)?.elements?.keys() ?? [])].map(Number);
  if (name !== undefined && keys !== undefined && offset >= 0) {
    // An array counts by index, and may have holes.
    const skipped = keys.filter((key) => key < offset).length;
    return values.slice(skipped, length === undefined ? undefined : skipped + length);
  }
  const all = name === undefined ? [shell.name, ...values] : [...values];
  const start = offset < 0 ? all.length + offset : offset;
  if (start < 0) return [];
  return all.slice(start, length === undefined ? undefined : start + length);
}

/** A value in quotes that a shell reads back as the same value. */
export function quoteForShell(value: string): string {
  if (value === '') return "''";
  if (/^[\w@%+=:,./-]+$/.test(value)) return value;
  return `'${value.replaceAll("'", `'\\''`)}'`;
}

function removePattern(value: string, pattern: string, side: 'prefix' | 'suffix', greedy: boolean): string {
  const matcher = new RegExp(`^(?:${patternSource(pattern)})$`);
  const lengths = Array.from({ length: value.length + 1 }, (_, length) => length);
  for (const length of greedy ? lengths.reverse() : lengths) {
    const part = side === 'prefix' ? value.slice(0, length) : value.slice(value.length - length);
    if (matcher.test(part)) return side === 'prefix' ? value.slice(length) : value.slice(0, value.length - length);
  }
  return value;
}

function replacePattern(
  value: string,
  words: OperationWords,
  operation: Extract<ValueOperation, { type: 'PatternReplacement' }>,
): string {
  if (words.pattern === '') return value;
  const source = patternSource(words.pattern);
  const anchored =
    operation.anchor === 'start' ? `^(?:${source})` : operation.anchor === 'end' ? `(?:${source})$` : source;
  return value.replace(new RegExp(anchored, operation.all ? 'g' : ''), () => words.replacement);
}

function changeCase(value: string, pattern: string, upper: boolean, all: boolean): string {
  const matcher = new RegExp(`^(?:${patternSource(pattern === '' ? '?' : pattern)})$`);
  return Array.from(value)
    .map((char, index) => {
      if ((index > 0 && !all) || !matcher.test(char)) return char;
      return upper ? char.toUpperCase() : char.toLowerCase();
    })
    .join('');
}

function transform(value: string, operator: string): string {
  switch (operator) {
    case 'Q':
      return quoteForShell(value);
    case 'U':
      return value.toUpperCase();
    case 'u':
      return value.slice(0, 1).toUpperCase() + value.slice(1);
    case 'L':
      return value.toLowerCase();
    default:
      throw new ExpansionError(`\${…@${operator}}: this transformation is not simulated`);
  }
}
