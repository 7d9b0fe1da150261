/**
 * The value as one word of a POSIX shell command line, whatever it contains: `it's` becomes `'it'\''s'`.
 *
 * @throws TypeError for a value with a NUL character, which no command line can carry.
 */
export function shellQuote(value: string): string {
  if (value.includes('\0')) throw new TypeError('a shell word cannot contain a NUL character');
  return `'${value.replaceAll("'", "'\\''")}'`;
}
