import { afterAll, describe, expect, inject, test } from 'vitest';
import { openProcessSlot } from './harness/process-slot.ts';
import type { Slot } from './harness/slot.ts';
import { SlotPool } from './harness/slot-pool.ts';
import { stepsOf } from './harness/scenarios.ts';
import { titleOf } from './harness/step.ts';

// Proof (f): no promise depends on a process. The worker is killed, a real one with SIGKILL; another one takes over.

const pool = new SlotPool<Slot>(4, () => openProcessSlot());
afterAll(() => pool.close());

/** Killed after the effect, nobody has the answer: that is the worst moment of each step. Of those that change the world, before it as well. */
const moments = stepsOf(inject('recordings')).flatMap(({ scenario, step }) => {
  const changes = ['launchInstance', 'terminateInstance', 'runBootstrap'].includes(step.activity);
  return (changes ? (['before', 'after'] as const) : (['after'] as const)).map((when) => ({ scenario, step, when }));
});

describe.concurrent.each(moments)('in the story: $scenario.title', ({ scenario, step, when }) => {
  test(`killed ${when} the effect of ${titleOf(step)}, it ends all the same`, async ({ skip }) => {
    const { provision } = await pool.playStruck(
      { ...scenario.plan, strikes: [{ at: step, when, do: 'kill-worker' }] },
      skip,
    );
    expect(provision).toBe(scenario.ends);
  });
});
