/** Characters that mean something in a pattern. */
const SPECIAL = /[*?[\]\\!@+()|]/g;

/** `text` as a pattern that matches just it. */
export function escapePattern(text: string): string {
  return text.replace(SPECIAL, '\\$&');
}

/** True if the pattern is more than a text with escapes. */
export function isPattern(pattern: string): boolean {
  return /[*?[]|[@+!]\(/.test(pattern.replace(/\\[\s\S]/g, ''));
}

/**
 * A bash pattern (`*`, `?`, `[…]`, `@(…)` and its kin) as the source of a regular expression.
 *
 * @param options.path `*` and `?` stop at a slash
 * @param options.lazy match as little as can be, for `${x#…}` and `${x%…}`
 */
export function patternSource(
  pattern: string,
  options: { readonly path?: boolean; readonly lazy?: boolean } = {},
): string {
  const any = options.path === true ? '[^/]' : '[\\s\\S]';
  const star = `${any}*${options.lazy === true ? '?' : ''}`;
  let source = '';
  for (let i = 0; i < pattern.length; i += 1) {
    const char = pattern.charAt(i);
    const group = '@+*?!'.includes(char) && pattern.charAt(i + 1) === '(' ? groupEnd(pattern, i + 1) : -1;
    if (group > 0) {
      const inner = patternSource(pattern.slice(i + 2, group), options);
      source += extended(char, inner, star);
      i = group;
    } else if (char === '\\') {
      i += 1;
      source += literal(pattern.charAt(i));
    } else if (char === '*') source += star;
    else if (char === '?') source += any;
    else if (char === '|') source += '|';
    else if (char === '[') {
      const end = bracketEnd(pattern, i);
      source += end < 0 ? '\\[' : bracket(pattern.slice(i + 1, end));
      if (end >= 0) i = end;
    } else source += literal(char);
  }
  return source;
}

/** Does the whole text match? */
export function matchesPattern(text: string, pattern: string, ignoreCase = false): boolean {
  return new RegExp(`^(?:${patternSource(pattern)})$`, ignoreCase ? 'i' : '').test(text);
}

function literal(char: string): string {
  return char.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
}

function extended(kind: string, inner: string, star: string): string {
  if (kind === '!') return `(?!(?:${inner})$)${star}`;
  return `(?:${inner})${kind === '@' ? '' : kind}`;
}

function groupEnd(pattern: string, open: number): number {
  let depth = 0;
  for (let i = open; i < pattern.length; i += 1) {
    const char = pattern.charAt(i);
    if (char === '\\') i += 1;
    else if (char === '(') depth += 1;
    else if (char === ')') {
      depth -= 1;
      if (depth === 0) return i;
    }
  }
  return -1;
}

function bracketEnd(pattern: string, open: number): number {
  let i = open + 1;
  if (pattern.charAt(i) === '!' || pattern.charAt(i) === '^') i += 1;
  if (pattern.charAt(i) === ']') i += 1;
  for (; i < pattern.length; i += 1) {
    if (pattern.startsWith('[:', i)) i = Math.max(i, pattern.indexOf(':]', i) + 1);
    else if (pattern.charAt(i) === '\\') i += 1;
    else if (pattern.charAt(i) === ']') return i;
  }
  return -1;
}

const CLASSES: Readonly<Record<string, string>> = {
  alnum: 'A-Za-z0-9',
  alpha: 'A-Za-z',
  blank: ' \\t',
  digit: '0-9',
  lower: 'a-z',
  punct: '!-\\/:-@\\[-`{-~',
  space: '\\s',
  upper: 'A-Z',
  xdigit: '0-9A-Fa-f',
};

function bracket(body: string): string {
  const negated = body.startsWith('!') || body.startsWith('^');
  const set = (negated ? body.slice(1) : body)
    .replace(/\\[\s\S]|[[\]^\\]/g, (found) => (found.length === 2 ? found : `\\${found}`))
    .replace(/\\\[:(\w+):\\\]/g, (whole, name: string) => CLASSES[name] ?? whole);
  return `[${negated ? '^' : ''}${set}]`;
}
