import { NoWorkerError, TemporalUnreachableError, type Progress, type ProgressOptions } from '../../sdk/index.ts';
import { InterruptedError, orInterrupted } from '../interrupted.ts';
import type { CliIo } from '../io.ts';
import type { ProgressView } from './view.ts';

/** What shows its progress: a provision, a termination. */
export interface Progressing {
  progress(options: ProgressOptions): AsyncIterable<Progress>;
}

/** The end of the work, with its progress shown until then. @throws the interruption: the work goes on */
export async function showUntil<T>(
  work: Progressing,
  end: () => Promise<T>,
  view: ProgressView,
  io: CliIo,
  interrupted: () => InterruptedError,
): Promise<T> {
  const stop = new AbortController();
  const showing = show(work, view, stop.signal);
  try {
    const result = await orInterrupted(io.signal, end(), interrupted);
    await showing; // its last look shows the end
    return result;
  } catch (error) {
    if (isTheEnd(error)) await showing;
    throw error;
  } finally {
    stop.abort();
    view.close();
  }
}

/** Of the work: with the others it goes on, and so would its progress. */
function isTheEnd(error: unknown): boolean {
  return ![InterruptedError, NoWorkerError, TemporalUnreachableError].some((other) => error instanceof other);
}

/** Never rejects: that progress cannot be shown is worth a note, not the work's failure. */
async function show(work: Progressing, view: ProgressView, signal: AbortSignal): Promise<void> {
  try {
    const onUnanswered = ({ message }: Error): void => view.note(`${message}; it goes on, and so does this`);
    for await (const progress of work.progress({ signal, onUnanswered })) {
      if (!signal.aborted) view.show(progress);
    }
  } catch (error) {
    if (!signal.aborted) view.note(`no progress to show: ${error instanceof Error ? error.message : String(error)}`);
  }
}
