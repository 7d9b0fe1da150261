import type { z } from 'zod';

/**
 * What is wrong with a value, as the second half of a sentence that begins with the field's name. Given to zod's parse as its error map; a
 * message that a schema gives itself goes before. Never contains the value.
 */
export function inPlainWords(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return wrongType(issue.expected, issue.input);
    case 'too_small':
      if (issue.origin === 'string' || issue.origin === 'array') {
        return issue.minimum === 1
          ? 'must not be empty'
          : `must have at least ${issue.minimum} ${counted(issue.origin)}`;
      }
      return `must be ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}`;
    case 'too_big':
      if (issue.origin === 'string' || issue.origin === 'array') {
        return `must have at most ${issue.maximum} ${counted(issue.origin)}`;
      }
      return `must be ${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}`;
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}`;
    default:
      return undefined;
  }
}

function wrongType(expected: string, input: unknown): string {
  if (input === undefined) return 'is missing';
  if (typeof input === 'number' && (expected === 'int' || !Number.isFinite(input))) {
    return `must be ${nameOf(expected)}`;
  }
  return `must be ${nameOf(expected)}, not ${nameOf(typeOf(input))}`;
}

function typeOf(input: unknown): string {
  if (input === null) return 'null';
  return Array.isArray(input) ? 'array' : typeof input;
}

function nameOf(type: string): string {
  switch (type) {
    case 'null':
      return 'null';
    case 'int':
      return 'a whole number';
    case 'array':
      return 'a list';
    case 'record':
    case 'object':
      return 'an object';
    default:
      return `a ${type}`;
  }
}

function counted(origin: string): string {
  return origin === 'string' ? 'characters' : 'items';
}
