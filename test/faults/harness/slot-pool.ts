import type { Plan } from './plan.ts';
import { play, type Outcome } from './run.ts';
import type { Slot } from './slot.ts';
import { isSameStep, titleOf, type Step } from './step.ts';

/** How often a run is repeated whose strikes did not all meet their step: on a busy machine a courtesy's time may be over before it. */
const TRIES = 3;

/** Slots for runs that go on at once. They are opened when needed, and kept for the next run. */
export class SlotPool<S extends Slot> {
  readonly #size: number;
  readonly #open: () => Promise<S>;
  readonly #free: S[] = [];
  readonly #waiting: (() => void)[] = [];
  readonly #closing: Promise<unknown>[] = [];
  #running = 0;

  constructor(size: number, open: () => Promise<S>) {
    this.#size = size;
    this.#open = open;
  }

  /** Runs it in a slot, when one is free. */
  async inSlot<T>(run: (slot: S) => Promise<T>): Promise<T> {
    if (this.#running === this.#size) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running += 1;
    try {
      const slot = this.#free.pop() ?? (await this.#open());
      try {
        const result = await run(slot);
        this.#free.push(slot);
        return result;
      } catch (error) {
        // It may be without a worker now, or the run still goes on in it: the next ones would hang, and hide what this one has to say.
        this.#closing.push(slot.close().catch(() => undefined));
        throw error;
      }
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }

  play(plan: Plan): Promise<Outcome> {
    return this.inSlot((slot) => play(slot, plan));
  }

  /**
   * Plays a plan whose strikes must all happen, or it would prove nothing. `skip` is called when none of the tries so much as came to one of the
   * steps: it was recorded by a run that was slower or quicker than these are.
   */
  async playStruck(plan: Plan, skip?: (why: string) => never): Promise<Outcome> {
    const taken: Step[] = [];
    for (let tries = 1; tries <= TRIES; tries += 1) {
      const outcome = await this.play(plan);
      if (outcome.struck.length === plan.strikes.length) return outcome;
      taken.push(...outcome.steps);
    }
    const missed = plan.strikes.find(({ at }) => !taken.some((step) => isSameStep(step, at)));
    if (missed !== undefined && skip !== undefined) skip(`none of ${TRIES} runs took the step ${titleOf(missed.at)}`);
    throw new Error(`a strike met no step: ${JSON.stringify(plan.strikes)}`);
  }

  /** To be called when no run goes on. */
  async close(): Promise<void> {
    this.#closing.push(...this.#free.splice(0).map((slot) => slot.close()));
    await Promise.all(this.#closing);
  }
}
