import { setTimeout as sleep } from 'node:timers/promises';
import { formatDuration, MINUTE, SECOND } from '../domain/durations.ts';

export interface Insistence {
  readonly tell: (line: string) => void;
  readonly tries?: number;
  /** Before each try: what went wrong may pass, and what was sent last may still arrive. */
  readonly pauseMs?: number;
  /** For all tries together. The longest proof, of what was ended by force, takes a quarter of an hour. */
  readonly withinMs?: number;
  /** Between two signs that it still waits. */
  readonly tellEveryMs?: number;
}

/** Asks for a proven end a few times, for so long, and shows that it does. Rejects with the last error when it comes to nothing. */
export async function insist(end: () => Promise<unknown>, insistence: Insistence): Promise<void> {
  const { tell, tries = 5, pauseMs = 10 * SECOND, withinMs = 30 * MINUTE } = insistence;
  const { tellEveryMs = 30 * SECOND } = insistence;
  const begun = Date.now();
  const waiting = setInterval(() => {
    tell(`still waiting for the proof (${formatDuration(Date.now() - begun)})`);
  }, tellEveryMs);
  try {
    for (let tried = 1; ; tried += 1) {
      await sleep(pauseMs);
      try {
        await within(begun + withinMs - Date.now(), end());
        return;
      } catch (error) {
        tell(`asked for its end (${tried} of ${tries}): ${error instanceof Error ? error.message : String(error)}`);
        if (tried >= tries || Date.now() - begun >= withinMs) throw error;
      }
    }
  } finally {
    clearInterval(waiting);
  }
}

async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  const left = new AbortController();
  promise.catch(() => undefined); // nobody waits for it after that
  const tooLong = sleep(Math.max(0, ms), undefined, { signal: left.signal }).then(() => {
    throw new Error('no proof came in time');
  });
  tooLong.catch(() => undefined);
  try {
    return await Promise.race([promise, tooLong]);
  } finally {
    left.abort();
  }
}
