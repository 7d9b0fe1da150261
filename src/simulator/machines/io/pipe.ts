import { BadDescriptorError, BrokenPipeError, OpenFile } from './open-file.ts';

/** As Linux has it: a writer that is so many bytes ahead of its reader waits. */
const CAPACITY_BYTES = 65_536;

interface Pipe {
  readonly reader: OpenFile;
  readonly writer: OpenFile;
}

/** A pipe: bytes go in at `writer` and come out at `reader`, which sees the end when the last writer closed. */
export function createPipe(): Pipe {
  const state = new PipeState();
  return { reader: new PipeReader(state), writer: new PipeWriter(state) };
}

/** A pipe's reading end that already holds all there is to read: a here-document, a here-string. */
export function pipeOf(bytes: Uint8Array): OpenFile {
  const state = new PipeState();
  if (bytes.length > 0) state.push(bytes);
  state.closeWriter();
  return new PipeReader(state);
}

class PipeState {
  readonly #chunks: Uint8Array[] = [];
  readonly #waiting = new Set<() => void>();
  #size = 0;
  #readable = true;
  #writable = true;

  get full(): boolean {
    return this.#size >= CAPACITY_BYTES;
  }

  get empty(): boolean {
    return this.#size === 0;
  }

  get hasReader(): boolean {
    return this.#readable;
  }

  get hasWriter(): boolean {
    return this.#writable;
  }

  push(bytes: Uint8Array): void {
    this.#chunks.push(bytes);
    this.#size += bytes.length;
    this.#wake();
  }

  take(max: number): Uint8Array {
    const first = this.#chunks[0] ?? new Uint8Array();
    const taken = first.subarray(0, max);
    if (taken.length === first.length) this.#chunks.shift();
    else this.#chunks[0] = first.subarray(max);
    this.#size -= taken.length;
    this.#wake();
    return taken;
  }

  closeReader(): void {
    this.#readable = false;
    this.#chunks.length = 0;
    this.#size = 0;
    this.#wake();
  }

  closeWriter(): void {
    this.#writable = false;
    this.#wake();
  }

  /** Resolves at the next change. */
  async changed(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const done = (): void => {
        this.#waiting.delete(done);
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      const onAbort = (): void => {
        this.#waiting.delete(done);
        reject(signal.reason as Error);
      };
      this.#waiting.add(done);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}

class PipeReader extends OpenFile {
  readonly #state: PipeState;

  constructor(state: PipeState) {
    super();
    this.#state = state;
  }

  async read(max: number, signal: AbortSignal): Promise<Uint8Array | undefined> {
    while (this.#state.empty) {
      if (!this.#state.hasWriter) return undefined;
      await this.#state.changed(signal);
    }
    return this.#state.take(max);
  }

  write(): Promise<void> {
    return Promise.reject(new BadDescriptorError());
  }

  protected override onClosed(): void {
    this.#state.closeReader();
  }
}

class PipeWriter extends OpenFile {
  readonly #state: PipeState;

  constructor(state: PipeState) {
    super();
    this.#state = state;
  }

  read(): Promise<undefined> {
    return Promise.reject(new BadDescriptorError());
  }

  async write(bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    while (this.#state.hasReader && this.#state.full) await this.#state.changed(signal);
    if (!this.#state.hasReader) throw new BrokenPipeError();
    if (bytes.length > 0) this.#state.push(bytes);
  }

  protected override onClosed(): void {
    this.#state.closeWriter();
  }
}
