/**
 * One open file, as the kernel knows it: what `dup` shares. Descriptors of any number of processes may stand for it; when the
 * last of them is closed, it closes. A background job that inherited an SSH command's stdout therefore keeps that command's
 * channel open, as on a real machine.
 */
export abstract class OpenFile {
  #holders = 1;

  /** One more descriptor stands for this file. */
  retain(): this {
    this.#holders += 1;
    return this;
  }

  /** One descriptor less; the last one closes the file. */
  release(): void {
    this.#holders -= 1;
    if (this.#holders === 0) this.onClosed();
  }

  /** Nobody holds it any more. */
  get isClosed(): boolean {
    return this.#holders <= 0;
  }

  /** Up to `max` bytes, as soon as there are any; undefined at the end. Rejects with the signal's reason when aborted. */
  abstract read(max: number, signal: AbortSignal): Promise<Uint8Array | undefined>;

  /** Resolves when the bytes are taken. Rejects with `BrokenPipeError` when nobody can read them any more. */
  abstract write(bytes: Uint8Array, signal: AbortSignal): Promise<void>;

  protected onClosed(): void {
    // Most files have nothing to do.
  }
}

/** Nobody reads what is written here: what kills a writer by SIGPIPE. */
export class BrokenPipeError extends Error {
  override readonly name = 'BrokenPipeError';
  constructor() {
    super('Broken pipe');
  }
}

/** The descriptor was opened for the other direction. */
export class BadDescriptorError extends Error {
  override readonly name = 'BadDescriptorError';
  constructor() {
    super('Bad file descriptor');
  }
}
