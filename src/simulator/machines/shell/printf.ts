import { escapes } from './escapes.ts';
import { quoteForShell } from './parameter-operations.ts';
import { formatTime } from '../commands/format-time.ts';

/** What `printf` prints; the format is used again while there are values left. */
export function formatPrintf(
  format: string,
  values: readonly string[],
  nowMs: number,
): { readonly text: string; readonly mistakes: readonly string[] } {
  const mistakes: string[] = [];
  let text = '';
  let used = 0;
  const next = (): string | undefined => {
    const value = values[used];
    used += 1;
    return value;
  };
  do {
    const before = used;
    const piece = formatOnce(format, next, mistakes, nowMs);
    text += piece.text;
    if (piece.stops || used === before) break;
  } while (used < values.length);
  return { text, mistakes };
}

const DIRECTIVE = /%(%|\([^)]*\)T|([-+ 0#]*)(\*|\d+)?(?:\.(\*|\d+))?[hlLjzt]*([a-zA-Z]))/g;

function formatOnce(
  format: string,
  next: () => string | undefined,
  mistakes: string[],
  nowMs: number,
): { text: string; stops: boolean } {
  let result = '';
  let last = 0;
  for (const match of format.matchAll(DIRECTIVE)) {
    result += escapes(format.slice(last, match.index)).text;
    last = match.index + match[0].length;
    const [whole, body = '', flags = '', width, precision, conversion = ''] = match;
    if (body === '%') result += '%';
    else if (body.startsWith('(')) result += time(body, next(), nowMs);
    else {
      const given = (text: string | undefined): number | undefined =>
        text === undefined ? undefined : Number(text === '*' ? (next() ?? '0') : text);
      const columns = given(width) ?? 0;
      const places = given(precision);
      const value = convert(conversion, next(), places, flags, mistakes);
      if (value === undefined) mistakes.push(`\`${whole}': invalid format character`);
      else if (value.stops) return { text: result + value.text, stops: true };
      else result += pad(value.text, columns, flags, 'diouxXeEfFgG'.includes(conversion));
    }
  }
  const end = escapes(format.slice(last));
  return { text: result + end.text, stops: end.stops };
}

function convert(
  conversion: string,
  value: string | undefined,
  places: number | undefined,
  flags: string,
  mistakes: string[],
): { text: string; stops: boolean } | undefined {
  const plain = (text: string): { text: string; stops: boolean } => ({ text, stops: false });
  switch (conversion) {
    case 's':
      return plain((value ?? '').slice(0, places));
    case 'b':
      return escapes(value ?? '');
    case 'q':
      return plain(quoteForShell(value ?? ''));
    case 'c':
      return plain((value ?? '').slice(0, 1));
    case 'd':
    case 'i':
    case 'u': {
      const number = Math.trunc(toNumber(value, mistakes));
      const digits = String(Math.abs(number)).padStart(places ?? 0, '0');
      return plain(`${number < 0 ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : ''}${digits}`);
    }
    case 'o':
      return plain(toNumber(value, mistakes).toString(8));
    case 'x':
      return plain(`${flags.includes('#') ? '0x' : ''}${toNumber(value, mistakes).toString(16)}`);
    case 'X':
      return plain(`${flags.includes('#') ? '0X' : ''}${toNumber(value, mistakes).toString(16).toUpperCase()}`);
    case 'f':
    case 'F':
      return plain(toNumber(value, mistakes).toFixed(places ?? 6));
    case 'e':
      return plain(toNumber(value, mistakes).toExponential(places ?? 6));
    case 'g':
      return plain(String(Number(toNumber(value, mistakes).toPrecision(places ?? 6))));
    default:
      return undefined;
  }
}

function toNumber(value: string | undefined, mistakes: string[]): number {
  const text = (value ?? '').trim();
  if (text === '') return 0;
  if (/^["']/.test(text)) return text.codePointAt(1) ?? 0;
  if (/^-?0[0-7]+$/.test(text)) return Number.parseInt(text, 8);
  const number = Number(text);
  if (!Number.isNaN(number)) return number;
  mistakes.push(`${text}: invalid number`);
  return Number.parseFloat(text) || 0;
}

function pad(text: string, width: number, flags: string, numeric: boolean): string {
  const columns = Math.abs(width);
  if (flags.includes('-') || width < 0) return text.padEnd(columns);
  if (!flags.includes('0') || !numeric) return text.padStart(columns);
  const sign = /^[-+ ]/.exec(text)?.[0] ?? '';
  return sign + text.slice(sign.length).padStart(columns - sign.length, '0');
}

/** `%(…)T`: a time, by default now. */
function time(body: string, value: string | undefined, nowMs: number): string {
  const seconds = value === undefined || value === '' || Number(value) < 0 ? nowMs / 1000 : Number(value);
  const format = body.slice(1, -2);
  return formatTime(format === '' ? '%H:%M:%S' : format, seconds * 1000);
}
