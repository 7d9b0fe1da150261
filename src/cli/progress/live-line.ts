import type { Progress } from '../../sdk/index.ts';
import type { OutputStream } from '../io.ts';
import type { Paint } from '../paint.ts';
import { oneLine, shortened } from '../text.ts';
import { describe, elapsed } from './describe.ts';
import type { ProgressView, ViewOptions } from './view.ts';

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 100;
const ELAPSED_WIDTH = 7;
// Back to the line's beginning, and erase it.
const CLEAR = '\r\u001b[2K';

/** One line that updates; each phase that is over stays above it. */
export class LiveLine implements ProgressView {
  readonly #stream: OutputStream;
  readonly #paint: Paint;
  readonly #options: ViewOptions;
  readonly #now: () => number;
  readonly #timer: NodeJS.Timeout;
  #frame = 0;
  #progress: Progress | undefined;
  #note: string | undefined;

  constructor(stream: OutputStream, paint: Paint, options: ViewOptions = {}) {
    this.#stream = stream;
    this.#paint = paint;
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#timer = setInterval(() => this.#draw(), FRAME_MS);
    this.#timer.unref();
  }

  show(progress: Progress): void {
    if (this.#progress !== undefined && this.#progress.phase !== progress.phase) this.#keep(progress);
    this.#progress = progress;
    this.#note = undefined;
    this.#draw();
  }

  note(text: string): void {
    this.#note = oneLine(text);
    this.#draw();
  }

  close(): void {
    clearInterval(this.#timer);
    const { phase, failure } = this.#progress ?? {};
    const over = phase === 'ready' || phase === 'ended';
    const mark = failure !== undefined ? this.#paint.red('✗') : over ? this.#paint.green('✓') : ' ';
    this.#stream.write(this.#progress === undefined ? CLEAR : `${CLEAR}${this.#line(mark)}\n`);
  }

  #draw(): void {
    this.#frame = (this.#frame + 1) % FRAMES.length;
    this.#stream.write(`${CLEAR}${this.#line(this.#paint.cyan(FRAMES[this.#frame] ?? ''))}`);
  }

  /** The phase that is over stays; one that led to an unwind, or to the end without one, was no success. */
  #keep({ phase, failure }: Progress): void {
    const isUndone = this.#progress?.phase === 'unwinding';
    const mark =
      phase === 'unwinding' || (failure !== undefined && !isUndone) ? this.#paint.red('✗') : this.#paint.green('✓');
    this.#stream.write(`${CLEAR}${this.#line(mark)}\n`);
  }

  /** As wide as the terminal at most: a line that wraps cannot be erased. */
  #line(mark: string): string {
    const { title, detail, alarming } =
      this.#progress === undefined ? { title: 'asking', detail: '', alarming: false } : describe(this.#progress);
    const time = (this.#progress === undefined ? '' : elapsed(this.#progress, this.#now(), this.#options)).padStart(
      ELAPSED_WIDTH,
    );
    const room = (this.#stream.columns ?? 80) - 1 - `x ${time}  ${title}  `.length;
    const tail = shortened(this.#note === undefined ? detail : `(${this.#note})`, room);
    const paintTail = alarming ? this.#paint.yellow : this.#paint.dim;
    return `${mark} ${this.#paint.dim(time)}  ${this.#paint.bold(title)}${tail === '' ? '' : `  ${paintTail(tail)}`}`;
  }
}
