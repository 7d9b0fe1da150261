import { binaryTest, compareNumbers, unaryTest } from '../conditions.ts';
import type { Shell } from '../shell.ts';
import { refuse } from './builtin.ts';
import type { Builtin } from './builtin.ts';

const UNARY = /^-[abcdefghknoprstuvwxzGLNOS]$/;
const BINARY: ReadonlySet<string> = new Set(['=', '==', '!=', '<', '>', '-nt', '-ot', '-ef']);
const NUMERIC: ReadonlySet<string> = new Set(['-eq', '-ne', '-lt', '-le', '-gt', '-ge']);

class TestSyntaxError extends Error {
  override readonly name = 'TestSyntaxError';
}

/** Reads an expression of `test`: `!`, `-a`, `-o`, parentheses, and the tests themselves. */
class TestExpression {
  readonly #shell: Shell;
  readonly #words: readonly string[];
  #at = 0;

  constructor(shell: Shell, words: readonly string[]) {
    this.#shell = shell;
    this.#words = words;
  }

  evaluate(): boolean {
    if (this.#words.length === 0) return false;
    const value = this.#or();
    if (this.#at < this.#words.length) throw new TestSyntaxError('too many arguments');
    return value;
  }

  #or(): boolean {
    let value = this.#and();
    while (this.#peek() === '-o') {
      this.#at += 1;
      const right = this.#and();
      value = value || right;
    }
    return value;
  }

  #and(): boolean {
    let value = this.#not();
    while (this.#peek() === '-a') {
      this.#at += 1;
      const right = this.#not();
      value = value && right;
    }
    return value;
  }

  #not(): boolean {
    if (this.#peek() === '!' && this.#left() > 1) {
      this.#at += 1;
      return !this.#not();
    }
    return this.#primary();
  }

  #primary(): boolean {
    const [first = '', second = '', third] = this.#words.slice(this.#at);
    if (this.#left() >= 3 && third !== undefined && (BINARY.has(second) || NUMERIC.has(second))) {
      this.#at += 3;
      if (!NUMERIC.has(second)) return binaryTest(this.#shell.process, first, second, third);
      return compareNumbers(second, integer(first), integer(third));
    }
    if (first === '(') {
      this.#at += 1;
      const value = this.#or();
      if (this.#peek() !== ')') throw new TestSyntaxError("`)' expected");
      this.#at += 1;
      return value;
    }
    if (this.#left() >= 2 && UNARY.test(first)) {
      this.#at += 2;
      return unaryTest(this.#shell, first, second);
    }
    if (this.#left() === 0) throw new TestSyntaxError('argument expected');
    this.#at += 1;
    return first !== '';
  }

  #peek(): string | undefined {
    return this.#words[this.#at];
  }

  #left(): number {
    return this.#words.length - this.#at;
  }
}

function integer(text: string): number {
  if (!/^\s*[-+]?\d+\s*$/.test(text)) throw new TestSyntaxError(`${text}: integer expression expected`);
  return Number(text);
}

async function run(shell: Shell, name: string, words: readonly string[]): Promise<number> {
  try {
    return new TestExpression(shell, words).evaluate() ? 0 : 1;
  } catch (error) {
    if (error instanceof TestSyntaxError) return refuse(shell, `${name}: ${error.message}`, 2);
    throw error;
  }
}

export const TEST: Readonly<Record<string, Builtin>> = {
  test: (shell, args) => run(shell, 'test', args),
  '[': (shell, args) => (args.at(-1) === ']' ? run(shell, '[', args.slice(0, -1)) : refuse(shell, "[: missing `]'", 2)),
};
