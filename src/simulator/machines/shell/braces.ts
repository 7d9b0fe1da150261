import type { Part, WordPart } from './ast.ts';

/** All the words that a word with braces stands for: `{a,b}c` gives `ac` and `bc`. */
export function bracesOf(parts: readonly WordPart[]): (readonly WordPart[])[] {
  const index = parts.findIndex((part) => part.type === 'BraceExpansion');
  const brace = parts[index];
  if (brace?.type !== 'BraceExpansion') return [parts];
  const before = parts.slice(0, index);
  const after = bracesOf(parts.slice(index + 1));
  return alternatives(brace).flatMap((inner) => after.map((rest) => [...before, ...inner, ...rest]));
}

function alternatives(brace: Part<'BraceExpansion'>): (readonly WordPart[])[] {
  return brace.items.flatMap((item) =>
    item.type === 'Word'
      ? bracesOf(item.word.parts)
      : range(item).map((value): readonly WordPart[] => [{ type: 'Literal', value }]),
  );
}

type Range = Extract<Part<'BraceExpansion'>['items'][number], { type: 'Range' }>;

function range(item: Range): string[] {
  const letters = typeof item.start === 'string' && typeof item.end === 'string';
  const start = typeof item.start === 'string' ? item.start.charCodeAt(0) : item.start;
  const end = typeof item.end === 'string' ? item.end.charCodeAt(0) : item.end;
  const step = Math.max(1, Math.abs(item.step ?? 1));
  const width = [item.startStr, item.endStr].some((text) => /^-?0\d/.test(text ?? ''))
    ? Math.max(item.startStr?.length ?? 0, item.endStr?.length ?? 0)
    : 0;
  const values: string[] = [];
  for (let value = start; start <= end ? value <= end : value >= end; value += start <= end ? step : -step) {
    values.push(letters ? String.fromCharCode(value) : String(value).padStart(width, '0'));
  }
  return values;
}
