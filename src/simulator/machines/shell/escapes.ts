const SIMPLE: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  e: '\x1b',
  E: '\x1b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
};

/** Backslash escapes as `echo -e`, `printf` and `%b` know them. `\c` ends the output. */
export function escapes(text: string): { readonly text: string; readonly stops: boolean } {
  let stops = false;
  const result = text.replace(
    /\\(?:c[\s\S]*|x([0-9A-Fa-f]{1,2})|0?([0-7]{1,3})|u([0-9A-Fa-f]{1,4})|U([0-9A-Fa-f]{1,8})|([abeEfnrtv\\]))/g,
    (whole, hex?: string, octal?: string, short?: string, long?: string, simple?: string) => {
      if (whole.startsWith('\\c')) {
        stops = true;
        return '';
      }
      if (simple !== undefined) return SIMPLE[simple] ?? whole;
      const digits = hex ?? short ?? long;
      if (digits !== undefined) return String.fromCodePoint(Number.parseInt(digits, 16));
      return String.fromCodePoint(Number.parseInt(octal ?? '0', 8) & 0xff);
    },
  );
  return { text: result, stops };
}
