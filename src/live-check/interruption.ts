import { InterruptedError } from '../cli/interrupted.ts';

/** npm and the terminal both deliver a Ctrl-C: two within this time are one. */
const SAME_PRESS_MS = 1_000;

/** What of `process` this needs. */
export interface Signalled {
  on(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
  off(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
}

/**
 * Aborted by Ctrl-C, SIGTERM, or the loss of the terminal. Pressed again later, the person leaves without proof; a terminal that goes may say
 * so several times, and nobody is there who would have meant that.
 */
export function listenForInterruption(
  process: Signalled,
  leave: () => void,
): { readonly signal: AbortSignal; readonly stop: () => void } {
  const interrupted = new AbortController();
  let pressedAt: number | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    interrupted.abort(new InterruptedError(`interrupted by ${signal}; nothing was launched`));
    if (signal === 'SIGHUP') return;
    const now = performance.now();
    pressedAt ??= now;
    if (now - pressedAt > SAME_PRESS_MS) leave();
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, onSignal);
  return {
    signal: interrupted.signal,
    stop: () => {
      for (const signal of signals) process.off(signal, onSignal);
    },
  };
}

/** A terminal that is lost, or a pipe that nobody reads any more, must not end the process that ends the machine. */
export function outliveReaders(streams: readonly Pick<NodeJS.WritableStream, 'on'>[]): void {
  for (const stream of streams) stream.on('error', () => undefined);
}
