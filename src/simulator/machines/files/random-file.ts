import { OpenFile } from '../io/open-file.ts';

/** /dev/urandom and /dev/zero: as many bytes as asked for. What is written is swallowed. */
export class RandomFile extends OpenFile {
  readonly #next: () => number;

  /** @param next numbers from 0 up to 1 */
  constructor(next: () => number) {
    super();
    this.#next = next;
  }

  read(max: number): Promise<Uint8Array> {
    return Promise.resolve(Uint8Array.from({ length: max }, () => Math.floor(this.#next() * 256)));
  }

  write(): Promise<void> {
    return Promise.resolve();
  }
}
