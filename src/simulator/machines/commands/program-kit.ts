import { FileError } from '../files/file-error.ts';
import { baseName } from '../files/paths.ts';
import type { Process } from '../processes/process.ts';
import type { Program } from '../processes/programs.ts';
import { parseArguments } from './arguments.ts';
import type { Arguments, Grammar } from './arguments.ts';

/** The name a program was called by, as it stands before its messages. */
export function nameOf(process: Process): string {
  return baseName(process.argv[0] ?? '');
}

/** `<program>: <text>` on stderr. */
export function refuse(process: Process, text: string, exitCode = 1): Promise<number> {
  return process.fail(`${nameOf(process)}: ${text}`, exitCode);
}

/** A program whose options are read for it; an unknown option is refused, so that nothing is silently left out. */
export function program(grammar: Grammar, run: (process: Process, args: Arguments) => Promise<number>): Program {
  return async (process, args) => {
    const parsed = parseArguments(args, grammar);
    if (parsed.mistake !== undefined) return refuse(process, parsed.mistake);
    return run(process, parsed);
  };
}

/** Does something to each operand; what the machine refuses is told, and the rest is still done. */
export async function forEachOperand(
  process: Process,
  operands: readonly string[],
  action: (operand: string) => Promise<void> | void,
  describe: (operand: string, text: string) => string,
): Promise<number> {
  if (operands.length === 0) return refuse(process, 'missing operand');
  let exitCode = 0;
  for (const operand of operands) {
    try {
      await action(operand);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      exitCode = await refuse(process, describe(operand, error.text));
    }
  }
  return exitCode;
}

/** Reads `644`, `0755`, `u+x`, `go-rwx`, `a=r,u+w` against the bits there are; undefined if it is not a mode. */
export function parseMode(text: string, before: number, umask: number): number | undefined {
  if (/^[0-7]{1,4}$/.test(text)) return Number.parseInt(text, 8);
  let mode = before;
  for (const clause of text.split(',')) {
    const match = /^([ugoa]*)([-+=])([rwxXst]*)$/.exec(clause);
    if (match === null) return undefined;
    const [, who = '', operator = '', letters = ''] = match;
    const groups = who === '' || who.includes('a') ? 'ugo' : who;
    const mask = who === '' ? ~umask : ~0;
    let bits = 0;
    let covered = 0;
    for (const [group, shift] of [
      ['u', 6],
      ['g', 3],
      ['o', 0],
    ] as const) {
      if (!groups.includes(group)) continue;
      covered |= 7 << shift;
      if (letters.includes('r')) bits |= 4 << shift;
      if (letters.includes('w')) bits |= 2 << shift;
      if (letters.includes('x') || (letters.includes('X') && (before & 0o111) !== 0)) bits |= 1 << shift;
    }
    if (letters.includes('t')) bits |= 0o1000;
    if (letters.includes('s')) bits |= (groups.includes('u') ? 0o4000 : 0) | (groups.includes('g') ? 0o2000 : 0);
    if (operator === '+') mode |= bits & mask;
    else if (operator === '-') mode &= ~(bits & mask);
    else mode = (mode & ~covered) | (bits & mask);
  }
  return mode & 0o7777;
}
