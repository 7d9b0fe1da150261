import { afterAll, describe, expect, inject, test } from 'vitest';
import { slotPool } from './harness/pool.ts';
import { stepsOf } from './harness/scenarios.ts';
import { titleOf } from './harness/step.ts';

// Proof (a): Temporal runs an activity at least once. Whichever runs twice, the story ends as it would have, and nothing is lost or doubled.

const pool = slotPool();
afterAll(() => pool.close());

describe.concurrent.each(stepsOf(inject('recordings')))('in the story: $scenario.title', ({ scenario, step }) => {
  test(`${titleOf(step)} runs twice, and that changes nothing of how it ends`, async ({ skip }) => {
    const strikes = [{ at: step, when: 'after', do: 'again' } as const];
    const { provision } = await pool.playStruck({ ...scenario.plan, strikes }, skip);
    expect(provision).toBe(scenario.ends);
  });
});
