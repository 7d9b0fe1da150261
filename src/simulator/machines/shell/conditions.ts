import type { Process } from '../processes/process.ts';
import type { Condition } from './ast.ts';
import { evaluateText } from './arithmetic.ts';
import { fileIs } from './file-tests.ts';
import { matchesPattern } from './patterns.ts';
import type { Shell } from './shell.ts';
import { expandPattern, expandRegex, expandText } from './words.ts';

/** Evaluates what stands between `[[` and `]]`. */
export async function evaluateCondition(shell: Shell, node: Condition): Promise<boolean> {
  switch (node.type) {
    case 'CondNot':
      return !(await evaluateCondition(shell, node.operand));
    case 'CondAnd':
      return (await evaluateCondition(shell, node.left)) && (await evaluateCondition(shell, node.right));
    case 'CondOr':
      return (await evaluateCondition(shell, node.left)) || (await evaluateCondition(shell, node.right));
    case 'CondGroup':
      return evaluateCondition(shell, node.expression);
    case 'CondWord':
      return (await expandText(shell, node.word)) !== '';
    case 'CondUnary':
      return unaryTest(shell, node.operator, await expandText(shell, node.operand));
    case 'CondBinary':
      return binary(shell, node);
  }
}

async function binary(shell: Shell, node: Extract<Condition, { type: 'CondBinary' }>): Promise<boolean> {
  const left = await expandText(shell, node.left);
  const ignoreCase = shell.shopts.has('nocasematch');
  switch (node.operator) {
    case '=':
    case '==':
      return matchesPattern(left, await expandPattern(shell, node.right), ignoreCase);
    case '!=':
      return !matchesPattern(left, await expandPattern(shell, node.right), ignoreCase);
    case '=~':
      return matchRegex(shell, left, await expandRegex(shell, node.right), ignoreCase);
    case '-eq':
    case '-ne':
    case '-lt':
    case '-le':
    case '-gt':
    case '-ge': {
      const right = await expandText(shell, node.right);
      return compareNumbers(node.operator, await evaluateText(shell, left), await evaluateText(shell, right));
    }
    default:
      return binaryTest(shell.process, left, node.operator, await expandText(shell, node.right));
  }
}

function matchRegex(shell: Shell, text: string, source: string, ignoreCase: boolean): boolean {
  const posix = source
    .replaceAll('[:space:]', '\\s')
    .replaceAll('[:digit:]', '0-9')
    .replaceAll('[:alpha:]', 'A-Za-z')
    .replaceAll('[:alnum:]', 'A-Za-z0-9')
    .replaceAll('[:xdigit:]', '0-9A-Fa-f')
    .replaceAll('[:upper:]', 'A-Z')
    .replaceAll('[:lower:]', 'a-z');
  const match = new RegExp(posix, ignoreCase ? 'i' : '').exec(text);
  shell.variables.setArray('BASH_REMATCH', new Map((match ?? []).map((part, index) => [String(index), part])));
  return match !== null;
}

/** `-f x`, `-z x` and their kin, for `[[`, `[` and `test`. */
export function unaryTest(shell: Shell, operator: string, operand: string): boolean {
  switch (operator) {
    case '-z':
      return operand === '';
    case '-n':
      return operand !== '';
    case '-v':
      return isSet(shell, operand);
    case '-o':
      return Object.entries(shell.options).some(([name, on]) => name === operand && on === true);
    case '-t':
      return false;
    default:
      return fileIs(shell.process, operator, operand);
  }
}

function isSet(shell: Shell, name: string): boolean {
  const element = /^(\w+)\[([^\]]+)\]$/.exec(name);
  if (element !== null) return shell.variables.find(element[1] ?? '')?.elements?.has(element[2] ?? '') === true;
  return shell.variables.get(name) !== undefined || shell.variables.find(name)?.elements !== undefined;
}

/** `a -nt b`, `a < b`, and for `[` and `test` the comparisons without patterns. */
export function binaryTest(process: Process, left: string, operator: string, right: string): boolean {
  switch (operator) {
    case '=':
    case '==':
      return left === right;
    case '!=':
      return left !== right;
    case '<':
      return left < right;
    case '>':
      return left > right;
    default: {
      const stat = (path: string): { ino: number; mtimeMs: number } | undefined => {
        const absolute = process.resolve(path);
        const { files } = process.system;
        return files.exists(absolute, process.who) ? files.stat(absolute, process.who) : undefined;
      };
      const [a, b] = [stat(left), stat(right)];
      if (operator === '-ef') return a !== undefined && a.ino === b?.ino;
      if (operator === '-nt') return a !== undefined && a.mtimeMs > (b?.mtimeMs ?? -Infinity);
      return b !== undefined && b.mtimeMs > (a?.mtimeMs ?? -Infinity);
    }
  }
}

export function compareNumbers(operator: string, left: number, right: number): boolean {
  switch (operator) {
    case '-eq':
      return left === right;
    case '-ne':
      return left !== right;
    case '-lt':
      return left < right;
    case '-le':
      return left <= right;
    case '-gt':
      return left > right;
    default:
      return left >= right;
  }
}
