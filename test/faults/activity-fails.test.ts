import { afterAll, describe, expect, inject, test } from 'vitest';
import { slotPool } from './harness/pool.ts';
import { stepsOf } from './harness/scenarios.ts';
import { titleOf } from './harness/step.ts';

// Proof (b): whichever step fails once, before its effect or after it, the story ends as it would have, and nothing is lost.

const pool = slotPool();
afterAll(() => pool.close());

describe.each(['before', 'after'] as const)('a step that fails once %s its effect', (when) => {
  describe.concurrent.each(stepsOf(inject('recordings')))('in the story: $scenario.title', ({ scenario, step }) => {
    test(`${titleOf(step)} changes nothing of how it ends`, async ({ skip }) => {
      const strikes = [{ at: step, when, do: 'fail' as const }];
      const { provision } = await pool.playStruck({ ...scenario.plan, strikes }, skip);
      expect(provision).toBe(scenario.ends);
    });
  });
});
