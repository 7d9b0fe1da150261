import { escapePattern } from './patterns.ts';

/** One word after expansion: its text, and the same as a pattern in which what was quoted means itself. */
export interface Field {
  readonly text: string;
  readonly pattern: string;
}

/** Collects what a word's parts expand to, and cuts it into fields where unquoted expansions hold separators. */
export class FieldBuilder {
  readonly #separators: string;
  readonly #fields: Field[] = [];
  #text = '';
  #pattern = '';
  #exists = false;

  /** @param separators the value of IFS; '' never cuts */
  constructor(separators: string) {
    this.#separators = separators;
  }

  /** Text that stands for itself. Even an empty one makes a field. */
  quoted(text: string): void {
    this.#exists = true;
    this.#text += text;
    this.#pattern += escapePattern(text);
  }

  glob(pattern: string): void {
    this.#exists = true;
    this.#text += pattern;
    this.#pattern += pattern;
  }

  /** What an unquoted expansion gave: cut at separators, and a pattern. */
  unquoted(text: string): void {
    if (this.#separators === '') {
      if (text !== '') this.glob(text);
      return;
    }
    const white = this.#separators.replace(/[^ \t\n]/g, '');
    let rest = text;
    while (rest !== '') {
      let end = 0;
      while (end < rest.length && !this.#separators.includes(rest.charAt(end))) end += 1;
      if (end > 0) this.glob(rest.slice(0, end));
      if (end === rest.length) return;
      const hard = this.#skipSeparator(rest, end, white);
      this.#cut(hard.isHard);
      rest = rest.slice(hard.next);
    }
  }

  /** A new field begins: between the values of `"$@"`. */
  cut(): void {
    this.#cut(false);
  }

  /** All there is. Nothing at all may come of a word: `"$@"` without arguments. */
  fields(): readonly Field[] {
    this.#cut(false);
    return this.#fields;
  }

  #skipSeparator(text: string, from: number, white: string): { next: number; isHard: boolean } {
    let next = from;
    while (next < text.length && white.includes(text.charAt(next))) next += 1;
    const isHard = next < text.length && this.#separators.includes(text.charAt(next));
    if (!isHard) return { next, isHard };
    next += 1;
    while (next < text.length && white.includes(text.charAt(next))) next += 1;
    return { next, isHard };
  }

  #cut(evenIfEmpty: boolean): void {
    if (this.#exists || evenIfEmpty) this.#fields.push({ text: this.#text, pattern: this.#pattern });
    this.#text = '';
    this.#pattern = '';
    this.#exists = false;
  }
}
