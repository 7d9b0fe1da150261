import type { Progress } from '../../sdk/index.ts';
import type { OutputStream } from '../io.ts';
import { oneLine } from '../text.ts';
import { describe, elapsed, inSeconds } from './describe.ts';
import type { ProgressView, ViewOptions } from './view.ts';

const ELAPSED_WIDTH = 7;

/** A line for each change of phase or detail, with the elapsed time before it. */
export class LogLines implements ProgressView {
  readonly #stream: OutputStream;
  readonly #options: ViewOptions;
  readonly #now: () => number;
  readonly #openedAt: number;
  #last: string | undefined;
  #progress: Progress | undefined;

  constructor(stream: OutputStream, options: ViewOptions = {}) {
    this.#stream = stream;
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#openedAt = this.#now();
  }

  show(progress: Progress): void {
    this.#progress = progress;
    const { title, detail } = describe(progress);
    this.#write(detail === '' ? title : `${title}: ${detail}`);
  }

  note(text: string): void {
    this.#write(`(${oneLine(text)})`);
  }

  close(): void {
    this.#last = undefined;
  }

  #write(line: string): void {
    if (line === this.#last) return;
    this.#last = line;
    const at = this.#now();
    const time =
      this.#progress === undefined ? inSeconds(at - this.#openedAt) : elapsed(this.#progress, at, this.#options);
    this.#stream.write(`${time.padStart(ELAPSED_WIDTH)}  ${line}\n`);
  }
}
