// Secrets in what a machine printed (P8). A value of less than four characters is not looked for: it would stand everywhere, and there would
// be nothing left to read.

const SHORTEST = 4;
/** A line of a secret of several lines is a secret of its own, where it is long enough to be one. */
const SHORTEST_LINE = 8;

export const REDACTED = '[redacted]';

export interface Redaction {
  /** The text without the secrets; and without a piece of one where the text's end, or its cut beginning, went through it. */
  readonly apply: (text: string, options?: { readonly beginningIsCut?: boolean }) => string;
}

export function redactionOf(values: readonly string[]): Redaction {
  const lines = values.flatMap((value) => value.split(/\r?\n/).filter((line) => line.length >= SHORTEST_LINE));
  // The longest first: one may be part of another.
  const secrets = [...new Set([...values.filter((value) => value.length >= SHORTEST), ...lines])].sort(
    (a, b) => b.length - a.length,
  );
  return {
    apply: (text, { beginningIsCut = false } = {}) => {
      let rest = text;
      for (const secret of secrets) rest = rest.replaceAll(secret, REDACTED);
      if (beginningIsCut) rest = withoutPiece(rest, secrets, (secret, size) => [secret.slice(-size), 'start']);
      return withoutPiece(rest, secrets, (secret, size) => [secret.slice(0, size), 'end']);
    },
  };
}

/** Replaces the longest piece of a secret that the text starts, or ends, with. */
function withoutPiece(
  text: string,
  secrets: readonly string[],
  pieceOf: (secret: string, size: number) => readonly [piece: string, at: 'start' | 'end'],
): string {
  let longest = 0;
  let where: 'start' | 'end' = 'end';
  for (const secret of secrets) {
    for (let size = Math.min(secret.length - 1, text.length); size >= SHORTEST && size > longest; size -= 1) {
      const [piece, at] = pieceOf(secret, size);
      where = at;
      if (at === 'end' ? text.endsWith(piece) : text.startsWith(piece)) longest = size;
    }
  }
  if (longest === 0) return text;
  return where === 'end' ? text.slice(0, text.length - longest) + REDACTED : REDACTED + text.slice(longest);
}
