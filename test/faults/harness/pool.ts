import { inject } from 'vitest';
import type { Plan } from './plan.ts';
import { play, type Outcome } from './run.ts';
import { openSlot, type Slot } from './slot.ts';

/** How many runs go on at once. More starve two cores; fewer leave them idle, as most of a run is waiting. */
const SLOTS = 16;

const free: Slot[] = [];
const waiting: ((slot: Slot) => void)[] = [];
let opened = 0;

/** Runs it in a slot, when one is free. Slots are kept for the next run. */
export async function inSlot<T>(run: (slot: Slot) => Promise<T>): Promise<T> {
  const slot = await takeSlot();
  try {
    return await run(slot);
  } finally {
    const next = waiting.shift();
    if (next === undefined) free.push(slot);
    else next(slot);
  }
}

/** How often a run is repeated whose strikes did not all meet their step: on a busy machine a courtesy's time may be over before it. */
const TRIES = 3;

/** Plays a plan whose strikes must all happen, or it would prove nothing. */
export async function playStruck(plan: Plan): Promise<Outcome> {
  for (let tries = 1; ; tries += 1) {
    const outcome = await inSlot((slot) => play(slot, plan));
    if (outcome.struck.length === plan.strikes.length) return outcome;
    if (tries === TRIES) throw new Error(`a strike met no step: ${JSON.stringify(plan.strikes)}`);
  }
}

export async function closeSlots(): Promise<void> {
  opened -= free.length;
  await Promise.all(free.splice(0).map((slot) => slot.close()));
}

async function takeSlot(): Promise<Slot> {
  const slot = free.pop();
  if (slot !== undefined) return slot;
  if (opened < SLOTS) {
    opened += 1;
    return openSlot({ temporalAddress: inject('temporalAddress'), workflowBundlePath: inject('workflowBundlePath') });
  }
  return new Promise((resolve) => waiting.push(resolve));
}
