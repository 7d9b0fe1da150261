import type { Progress, WatchOptions } from '../../sdk/index.ts';
import { InterruptedError, orInterrupted } from '../interrupted.ts';
import type { CliIo } from '../io.ts';
import type { ProgressView } from './view.ts';

/** What can be watched and has a result: a provision, a termination. */
export interface Watchable<T> {
  result(): Promise<T>;
  watch(options: WatchOptions): AsyncIterable<Progress>;
}

/** The result, with progress shown until it is there. @throws the interruption: what is watched goes on */
export async function showUntil<T>(
  work: Watchable<T>,
  view: ProgressView,
  io: CliIo,
  interrupted: () => InterruptedError,
): Promise<T> {
  const stop = new AbortController();
  const showing = show(work, view, stop.signal);
  try {
    const result = await orInterrupted(io.signal, work.result(), interrupted);
    await showing; // its last look shows the end
    return result;
  } catch (error) {
    if (!(error instanceof InterruptedError)) await showing;
    throw error;
  } finally {
    stop.abort();
    view.close();
  }
}

/** Never rejects: that progress cannot be shown is worth a note, not the work's failure. */
async function show(work: Watchable<unknown>, view: ProgressView, signal: AbortSignal): Promise<void> {
  try {
    const onUnanswered = ({ message }: Error): void => view.note(`${message}; it goes on, and so does this`);
    for await (const progress of work.watch({ signal, onUnanswered })) {
      if (!signal.aborted) view.show(progress);
    }
  } catch (error) {
    if (!signal.aborted) view.note(`no progress to show: ${error instanceof Error ? error.message : String(error)}`);
  }
}
