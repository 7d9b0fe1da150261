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

/** On a terminal a line that updates; elsewhere (CI logs, files) a line for each change. */
export function createProgressView(
  stream: OutputStream,
  io: Pick<CliIo, 'env'>,
  options: ViewOptions = {},
): ProgressView {
  return stream.isTTY === true ? new LiveLine(stream, paintFor(stream, io), options) : new LogLines(stream, options);
}
