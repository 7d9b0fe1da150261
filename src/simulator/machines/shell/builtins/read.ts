import type { Process } from '../../processes/process.ts';
import { KilledBySignal } from '../../processes/signals.ts';
import type { Shell } from '../shell.ts';
import { readAll } from '../../io/read-all.ts';
import type { Builtin } from './builtin.ts';

interface ReadOptions {
  readonly names: readonly string[];
  readonly raw: boolean;
  readonly delimiter: string;
  readonly count: number | undefined;
  readonly array: string | undefined;
  readonly fd: number;
  readonly timeoutMs: number | undefined;
}

const NO_TIMEOUT = new AbortController().signal;

const read: Builtin = async (shell, args) => {
  const options = parseRead(args);
  const { process } = shell;
  const timeout = options.timeoutMs === undefined ? NO_TIMEOUT : timeoutSignal(process, options.timeoutMs);
  const signal = AbortSignal.any([process.signal, timeout]);
  let line: Line;
  try {
    line = await readLine(process, options, signal);
  } catch (error) {
    if (!timeout.aborted || process.signal.aborted) throw error;
    return 128 + 14;
  }
  store(shell, options, line.text);
  return line.ended ? 0 : 1;
};

function timeoutSignal(process: Process, ms: number): AbortSignal {
  const controller = new AbortController();
  process.system.clock.after(ms, () => controller.abort(new KilledBySignal('ALRM')));
  return controller.signal;
}

function parseRead(args: readonly string[]): ReadOptions {
  const names: string[] = [];
  const options = { raw: false, delimiter: '\n', fd: 0 };
  let count: number | undefined;
  let array: string | undefined;
  let timeoutMs: number | undefined;
  for (let i = 0; i < args.length; i += 1) {
    const arg = args[i] ?? '';
    const flags = /^-([a-zA-Z]+)(.*)$/.exec(arg);
    if (flags === null) {
      names.push(arg);
      continue;
    }
    const letters = flags[1] ?? '';
    if (letters.includes('r')) options.raw = true;
    const letter = letters.slice(-1);
    if (!'adinNptu'.includes(letter)) continue;
    i += flags[2] === '' ? 1 : 0;
    const value = flags[2] === '' ? (args[i] ?? '') : (flags[2] ?? '');
    if (letter === 'a') array = value;
    if (letter === 'd') options.delimiter = value === '' ? '\0' : value.slice(0, 1);
    if (letter === 'n' || letter === 'N') count = Number(value);
    if (letter === 't') timeoutMs = Number(value) * 1000;
    if (letter === 'u') options.fd = Number(value);
  }
  return { ...options, names: names.length === 0 && array === undefined ? ['REPLY'] : names, count, array, timeoutMs };
}

interface Line {
  readonly text: string;
  /** By its delimiter, not by the end of the input. */
  readonly ended: boolean;
}

/** Byte by byte, so that what follows the line is left for the next reader. */
async function readLine(process: Process, options: ReadOptions, signal: AbortSignal): Promise<Line> {
  const bytes: number[] = [];
  const end = options.delimiter.charCodeAt(0);
  let escaped = false;
  const file = process.file(options.fd);
  for (;;) {
    if (options.count !== undefined && bytes.length >= options.count) return { text: text(bytes), ended: true };
    const byte = (await file.read(1, signal))?.[0];
    if (byte === undefined) return { text: text(bytes), ended: false };
    if (!options.raw && escaped) {
      escaped = false;
      // A backslash before a newline joins two lines.
      if (byte !== 10) bytes.push(byte);
      continue;
    }
    if (!options.raw && byte === 92) {
      escaped = true;
      continue;
    }
    if (byte === end) return { text: text(bytes), ended: true };
    bytes.push(byte);
  }
}

function text(bytes: readonly number[]): string {
  return Buffer.from(bytes).toString('utf8');
}

function store(shell: Shell, options: ReadOptions, line: string): void {
  const separators = shell.variables.get('IFS') ?? ' \t\n';
  if (options.array !== undefined) {
    const words = splitLine(line, separators, Infinity);
    shell.variables.setArray(options.array, new Map(words.map((word, index) => [String(index), word])));
    return;
  }
  if (options.names.length === 1 && options.names[0] === 'REPLY') {
    shell.variables.set('REPLY', line);
    return;
  }
  const words = splitLine(line, separators, options.names.length);
  for (const [index, name] of options.names.entries()) shell.variables.set(name, words[index] ?? '');
}

/** Cuts at separators into at most `max` words; the last one keeps the rest as it is. */
function splitLine(line: string, separators: string, max: number): string[] {
  const white = separators.match(/[ \t\n]/g) ?? [];
  const isWhite = (char: string): boolean => white.some((each) => each === char);
  let start = 0;
  let end = line.length;
  while (start < end && isWhite(line.charAt(start))) start += 1;
  while (end > start && isWhite(line.charAt(end - 1))) end -= 1;
  const words: string[] = [];
  while (start < end) {
    if (words.length === max - 1) {
      words.push(line.slice(start, end));
      break;
    }
    let next = start;
    while (next < end && !separators.includes(line.charAt(next))) next += 1;
    words.push(line.slice(start, next));
    while (next < end && isWhite(line.charAt(next))) next += 1;
    if (next < end && separators.includes(line.charAt(next)) && !isWhite(line.charAt(next))) {
      next += 1;
      while (next < end && isWhite(line.charAt(next))) next += 1;
    }
    start = next;
  }
  return words;
}

const mapfile: Builtin = async (shell, args) => {
  const trims = args.some((arg) => /^-\w*t/.test(arg));
  const name = args.filter((arg) => !arg.startsWith('-')).at(-1) ?? 'MAPFILE';
  const content = await readAll(shell.process.file(0), shell.process.signal);
  const lines = content.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const values = trims ? lines.map((line) => line.replace(/\n$/, '')) : lines;
  shell.variables.setArray(name, new Map(values.map((value, index) => [String(index), value])));
  return 0;
};

export const READ: Readonly<Record<string, Builtin>> = { read, mapfile, readarray: mapfile };
