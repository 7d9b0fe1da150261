import { formatPrintf } from '../printf.ts';
import { escapes } from '../escapes.ts';
import { refuse } from './builtin.ts';
import type { Builtin } from './builtin.ts';

const echo: Builtin = async (shell, args) => {
  let newline = true;
  let interpret = false;
  let first = 0;
  for (; /^-[neE]+$/.test(args[first] ?? ''); first += 1) {
    const flags = args[first] ?? '';
    if (flags.includes('n')) newline = false;
    if (flags.includes('e')) interpret = true;
    if (flags.includes('E')) interpret = false;
  }
  const text = args.slice(first).join(' ');
  const shown = interpret ? escapes(text) : { text, stops: false };
  await shell.process.print(`${shown.text}${newline && !shown.stops ? '\n' : ''}`);
  return 0;
};

const printf: Builtin = async (shell, args) => {
  const intoVariable = args[0] === '-v';
  const rest = intoVariable ? args.slice(2) : args[0] === '--' ? args.slice(1) : args;
  const [format, ...values] = rest;
  if (format === undefined) return refuse(shell, 'printf: usage: printf [-v var] format [arguments]', 2);
  const { text, mistakes } = formatPrintf(format, values, shell.process.system.clock.now());
  if (intoVariable) shell.variables.set(args[1] ?? '', text);
  else await shell.process.print(text);
  for (const mistake of mistakes) await shell.complain(`printf: ${mistake}`);
  return mistakes.length > 0 ? 1 : 0;
};

export const OUTPUT: Readonly<Record<string, Builtin>> = { echo, printf };
