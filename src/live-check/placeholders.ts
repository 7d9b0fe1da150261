/** Replaces values that are somebody's: the same value always by the same placeholder, which has the form of the value and nothing of it. */
export class Placeholders {
  readonly #given = new Map<string, Map<string, string>>();

  /** An id of Lambda's: 32 hex digits, a UUID, or another form. */
  id(value: string): string {
    if (/^[0-9a-f]{32}$/.test(value)) return this.#of('id', value, (n) => String(n).padStart(32, '0'));
    if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value)) {
      return this.#of('uuid', value, (n) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`);
    }
    return this.word('id', value);
  }

  /** Of the ranges that are kept for documentation, these two: nobody's real one is among them. */
  address(value: string): string {
    return this.#of('address', value, (n) => `192.0.2.${n}`);
  }

  privateAddress(value: string): string {
    return this.#of('private address', value, (n) => `198.51.100.${n}`);
  }

  hostname(value: string): string {
    return this.#of('hostname', value, (n) => `host-${n}.example.com`);
  }

  /** `name-1`, `value-2` */
  word(what: string, value: string): string {
    return value === '' ? '' : this.#of(what, value, (n) => `${what}-${n}`);
  }

  /** What was replaced so far. */
  get originals(): readonly string[] {
    return [...this.#given.values()].flatMap((values) => [...values.keys()]);
  }

  #of(kind: string, value: string, make: (n: number) => string): string {
    const values = this.#given.get(kind) ?? new Map<string, string>();
    this.#given.set(kind, values);
    const placeholder = values.get(value) ?? make(values.size + 1);
    values.set(value, placeholder);
    return placeholder;
  }
}
