import { sleep } from '@temporalio/workflow';

/** So far apart two wishes to be woken are one. */
const SAME_MS = 50;

/**
 * Wakes a story that looks again and again, by the time it names each time. Timers are never taken back: one that is no longer needed wakes
 * it once for nothing, and until then no later one is set. So none is cancelled in the instant in which it fires, which not every server
 * forgives.
 */
export class Alarm {
  readonly #summary: string;
  readonly #set: number[] = [];
  #rings = 0;

  constructor(summary: string) {
    this.#summary = summary;
  }

  /** Grows each time it wakes somebody. */
  get rings(): number {
    return this.#rings;
  }

  /** Makes sure of being woken at that time (milliseconds since the epoch) or earlier. */
  setBy(at: number): void {
    if (this.#set.some((each) => each <= at + SAME_MS)) return;
    this.#set.push(at);
    const ring = (): void => {
      this.#set.splice(this.#set.indexOf(at), 1);
      this.#rings += 1;
    };
    // It fails only when the workflow is cancelled: the story that waits hears of that itself.
    sleep(Math.max(at - Date.now(), SAME_MS), { summary: this.#summary }).then(ring, ring);
  }
}
