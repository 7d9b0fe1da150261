import { inject } from 'vitest';
import { openSlot, type Slot } from './slot.ts';
import { SlotPool } from './slot-pool.ts';

/** How many runs go on at once. More starve two cores; fewer leave them idle, as most of a run is waiting. */
const SLOTS = 16;

/** Slots whose workers are in the test's own process. */
export function slotPool(): SlotPool<Slot> {
  return new SlotPool(SLOTS, () =>
    openSlot({ temporalAddress: inject('temporalAddress'), workflowBundlePath: inject('workflowBundlePath') }),
  );
}
