import type { Writable } from 'node:stream';
import type { ServerChannel } from 'ssh2';
import { BadDescriptorError, BrokenPipeError, OpenFile } from '../io/open-file.ts';
import { createPipe } from '../io/pipe.ts';

/**
 * What arrives on a channel, as a command's stdin. A command that does not read slows the sender down.
 *
 * @param closed aborts when the channel or its connection is gone
 */
export function stdinOf(channel: ServerChannel, closed: AbortSignal, onBytes: (count: number) => void): OpenFile {
  const { reader, writer } = createPipe();
  let ended = false;
  const end = (): void => {
    if (ended) return;
    ended = true;
    writer.release();
  };
  channel.on('data', (chunk: Buffer) => {
    onBytes(chunk.length);
    channel.pause();
    writer.write(chunk, closed).then(
      () => channel.resume(),
      // Nobody reads any more, or the connection is gone: sshd goes on taking what comes, as the real one does.
      () => channel.resume(),
    );
  });
  channel.once('end', end);
  closed.addEventListener('abort', end, { once: true });
  return reader;
}

/** One direction of a channel's output. When the last process lets go of it, `onReleased` runs. */
export class ChannelFile extends OpenFile {
  readonly #stream: Writable;
  readonly #closed: AbortSignal;
  readonly #onReleased: () => void;

  constructor(stream: Writable, closed: AbortSignal, onReleased: () => void) {
    super();
    this.#stream = stream;
    this.#closed = closed;
    this.#onReleased = onReleased;
  }

  read(): Promise<undefined> {
    return Promise.reject(new BadDescriptorError());
  }

  write(bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason as Error);
        return;
      }
      if (this.#closed.aborted || !this.#stream.writable) {
        reject(new BrokenPipeError());
        return;
      }
      const settle = (end: () => void) => (): void => {
        signal.removeEventListener('abort', onAborted);
        this.#closed.removeEventListener('abort', onClosed);
        end();
      };
      const onAborted = settle(() => reject(signal.reason as Error));
      const onClosed = settle(() => reject(new BrokenPipeError()));
      signal.addEventListener('abort', onAborted, { once: true });
      this.#closed.addEventListener('abort', onClosed, { once: true });
      // Each write waits until the client's window took it: that is the back-pressure.
      this.#stream.write(bytes, settle(resolve));
    });
  }

  protected override onClosed(): void {
    this.#onReleased();
  }
}
