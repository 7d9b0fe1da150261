import type { Progress } from '../../sdk/index.ts';
import type { CliIo, OutputStream } from '../io.ts';
import { LiveLine } from './live-line.ts';
import { LogLines } from './log-lines.ts';
import { paintFor } from '../paint.ts';

/** Shows somebody how a node gets on. */
export interface ProgressView {
  show(progress: Progress): void;
  /** Something beside the node's own progress: that nobody answers, say. */
  note(text: string): void;
  /** Nothing more comes. */
  close(): void;
}

export interface ViewOptions {
  /** From when elapsed time counts, milliseconds since the epoch. Default: from the request for the node. */
  readonly startedAt?: number;
  /** Default: the system's clock. */
  readonly now?: () => number;
}

/** On a terminal a line that updates; elsewhere (files, CI logs, also where CI gives its jobs a terminal) a line for each change, without control characters. */
export function createProgressView(
  stream: OutputStream,
  io: Pick<CliIo, 'env'>,
  options: ViewOptions = {},
): ProgressView {
  const { CI: ci = '', TERM: terminal } = io.env ?? {};
  const isLive = stream.isTTY === true && terminal !== 'dumb' && (ci === '' || ci === 'false');
  return isLive ? new LiveLine(stream, paintFor(stream, io), options) : new LogLines(stream, options);
}
