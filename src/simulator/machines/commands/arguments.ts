/** Which options a program takes. Each letter is an option; long names say which letter they stand for. */
export interface Grammar {
  readonly flags?: string;
  /** Letters that take a value. */
  readonly valued?: string;
  readonly long?: Readonly<Record<string, string>>;
  /** Options end at the first operand: for programs that run another program. */
  readonly prefix?: boolean;
}

export interface Arguments {
  has(letter: string): boolean;
  /** The last value given for this letter. */
  value(letter: string): string | undefined;
  values(letter: string): readonly string[];
  readonly operands: readonly string[];
  /** What the program says to an option it does not have; undefined: all are known. */
  readonly mistake: string | undefined;
}

/** Reads options the way getopt_long does. */
export function parseArguments(args: readonly string[], grammar: Grammar): Arguments {
  const found = new Map<string, string[]>();
  const operands: string[] = [];
  let mistake: string | undefined;
  const give = (letter: string, value: string): void => {
    found.set(letter, [...(found.get(letter) ?? []), value]);
  };
  for (let i = 0; i < args.length; i += 1) {
    const arg = args[i] ?? '';
    if (arg === '--') {
      operands.push(...args.slice(i + 1));
      break;
    }
    if (arg.startsWith('--')) {
      const [name, inline] = splitOnce(arg.slice(2), '=');
      const letter = grammar.long?.[name];
      if (letter === undefined) mistake ??= `unrecognized option '--${name}'`;
      else if (!(grammar.valued ?? '').includes(letter)) give(letter, inline ?? '');
      else if (inline !== undefined) give(letter, inline);
      else {
        i += 1;
        give(letter, args[i] ?? '');
      }
      continue;
    }
    if (arg === '-' || !arg.startsWith('-')) {
      if (grammar.prefix === true) {
        operands.push(...args.slice(i));
        break;
      }
      operands.push(arg);
      continue;
    }
    for (let at = 1; at < arg.length; at += 1) {
      const letter = arg.charAt(at);
      if ((grammar.valued ?? '').includes(letter)) {
        const inline = arg.slice(at + 1);
        if (inline === '') i += 1;
        give(letter, inline === '' ? (args[i] ?? '') : inline);
        break;
      }
      if (!(grammar.flags ?? '').includes(letter)) mistake ??= `invalid option -- '${letter}'`;
      give(letter, '');
    }
  }
  return {
    has: (letter) => found.has(letter),
    value: (letter) => found.get(letter)?.at(-1),
    values: (letter) => found.get(letter) ?? [],
    operands,
    mistake,
  };
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
