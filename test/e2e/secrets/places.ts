import { needlesOf } from './needles.ts';

/** Texts that somebody can read, by the kind of place they were read at. The same text at one place counts once. */
export class Places {
  readonly #texts = new Map<string, Set<string>>();

  add(kind: string, value: unknown): void {
    const texts = this.#texts.get(kind) ?? new Set();
    this.#texts.set(kind, texts.add(textOf(value)));
  }

  /** All that was read at places of a kind. */
  at(kind: string): string {
    return [...(this.#texts.get(kind) ?? [])].join('\n');
  }

  get kinds(): readonly string[] {
    return [...this.#texts.keys()].toSorted();
  }

  /** At what kinds of places a piece of the secret is, in whatever form. */
  sightingsOf(secret: Buffer): readonly string[] {
    const needles = needlesOf(secret);
    return this.kinds.filter((kind) => needles.some((needle) => this.at(kind).includes(needle)));
  }
}

/** Every text within a value, one a line; bytes as the texts that they are, such as the payloads of a history. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString();
  if (value instanceof Map) return textOf([...value]);
  if (Array.isArray(value)) return value.map(textOf).join('\n');
  if (value instanceof Date || typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([key, inner]) => `${key}: ${textOf(inner)}`)
    .join('\n');
}
