import { inject } from 'vitest';
import { openSlot, type Slot } from './slot.ts';
import { SlotPool } from './slot-pool.ts';

/** How many runs go on at once in a file. More starve two cores, and what these tests shorten runs out; fewer leave them idle. */
const SLOTS = 5;

/** Slots whose workers are in the test's own process. */
export function slotPool(): SlotPool<Slot> {
  return new SlotPool(SLOTS, () =>
    openSlot({ temporalAddress: inject('temporalAddress'), workflowBundlePath: inject('workflowBundlePath') }),
  );
}
