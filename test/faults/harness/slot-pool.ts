import type { Plan } from './plan.ts';
import { play, type Outcome } from './run.ts';
import type { Slot } from './slot.ts';

/** How often a run is repeated whose strikes did not all meet their step: on a busy machine a courtesy's time may be over before it. */
const TRIES = 3;

/** Slots for runs that go on at once. They are opened when needed, and kept for the next run. */
export class SlotPool<S extends Slot> {
  readonly #size: number;
  readonly #open: () => Promise<S>;
  readonly #free: S[] = [];
  readonly #waiting: ((slot: S) => void)[] = [];
  #opened = 0;

  constructor(size: number, open: () => Promise<S>) {
    this.#size = size;
    this.#open = open;
  }

  /** Runs it in a slot, when one is free. */
  async inSlot<T>(run: (slot: S) => Promise<T>): Promise<T> {
    const slot = await this.#take();
    try {
      return await run(slot);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free.push(slot);
      else next(slot);
    }
  }

  play(plan: Plan): Promise<Outcome> {
    return this.inSlot((slot) => play(slot, plan));
  }

  /** Plays a plan whose strikes must all happen, or it would prove nothing. */
  async playStruck(plan: Plan): Promise<Outcome> {
    for (let tries = 1; ; tries += 1) {
      const outcome = await this.play(plan);
      if (outcome.struck.length === plan.strikes.length) return outcome;
      if (tries === TRIES) throw new Error(`a strike met no step: ${JSON.stringify(plan.strikes)}`);
    }
  }

  /** To be called when no run goes on. */
  async close(): Promise<void> {
    await Promise.all(this.#free.splice(0).map((slot) => slot.close()));
  }

  async #take(): Promise<S> {
    const slot = this.#free.pop();
    if (slot !== undefined) return slot;
    if (this.#opened < this.#size) {
      this.#opened += 1;
      return this.#open();
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
