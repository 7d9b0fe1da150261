/**
 * The simulator's time. It starts at the real time, runs `factor` times as fast, and can be moved forward by hand, so that a
 * test whose Temporal server skips two days takes the simulated cloud along. It never goes back.
 *
 * Everything in the simulator that takes time (booting, capacity windows, rate limits, `sleep` on a machine, heartbeats) takes it
 * here; only the network between us and the simulator runs in real time.
 */
export interface Clock {
  /** Whole milliseconds since the epoch, in simulated time. */
  now(): number;
  /** Waits for so many simulated milliseconds. Rejects with the signal's reason when aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Runs `task` once, after so many simulated milliseconds. */
  after(ms: number, task: () => void): Cancel;
  /** Moves time forward to `time`; what falls due on the way runs in its order, each at its own time. Earlier times do nothing. */
  advanceTo(time: number): void;
  /** Forgets everything that is still due. */
  stop(): void;
}

export type Cancel = () => void;

interface Due {
  readonly time: number;
  readonly order: number;
  readonly task: () => void;
}

/** The longest delay that setTimeout takes; a later task is looked at again then. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

export class RunningClock implements Clock {
  readonly #factor: number;
  readonly #due = new Set<Due>();
  #anchorReal = performance.now();
  #anchorSimulated: number;
  #timer: NodeJS.Timeout | undefined;
  #order = 0;

  constructor(options: { readonly factor: number; readonly startAt?: number }) {
    this.#factor = options.factor;
    this.#anchorSimulated = options.startAt ?? Date.now();
  }

  now(): number {
    return Math.floor(this.#exactNow());
  }

  #exactNow(): number {
    return this.#anchorSimulated + (performance.now() - this.#anchorReal) * this.#factor;
  }

  after(ms: number, task: () => void): Cancel {
    const due: Due = { time: this.now() + Math.max(0, ms), order: this.#order++, task };
    this.#due.add(due);
    this.#arm();
    return () => {
      this.#due.delete(due);
      this.#arm();
    };
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(signal.reason as Error);
        return;
      }
      const onAbort = (): void => {
        cancel();
        reject(signal?.reason as Error);
      };
      const cancel = this.after(ms, () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      });
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  advanceTo(time: number): void {
    for (let next = this.#next(); next !== undefined && next.time <= time; next = this.#next()) {
      this.#jumpTo(next.time);
      this.#due.delete(next);
      next.task();
    }
    this.#jumpTo(time);
    this.#arm();
  }

  stop(): void {
    this.#due.clear();
    clearTimeout(this.#timer);
  }

  /** Never back; and where it is late, as timers are, it keeps the fraction of a millisecond that `now` leaves out. */
  #jumpTo(time: number): void {
    if (time <= this.#exactNow()) return;
    this.#anchorReal = performance.now();
    this.#anchorSimulated = time;
  }

  #next(): Due | undefined {
    let first: Due | undefined;
    for (const due of this.#due) {
      if (first === undefined || due.time < first.time || (due.time === first.time && due.order < first.order))
        first = due;
    }
    return first;
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const next = this.#next();
    if (next === undefined) return;
    const realMs = (next.time - this.now()) / this.#factor;
    this.#timer = setTimeout(
      () => this.advanceTo(this.now()),
      Math.min(Math.max(0, Math.ceil(realMs)), LONGEST_TIMEOUT_MS),
    );
  }
}
