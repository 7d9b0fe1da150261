import { afterAll, describe, expect, inject, test } from 'vitest';
import { slotPool } from './harness/pool.ts';
import { A_LIFE, stepsOf } from './harness/scenarios.ts';
import { titleOf, type Step } from './harness/step.ts';

// Proof (d): a cancel is obeyed wherever it finds the story, by undoing; and undoing is not cut short by another one.

const pool = slotPool();
afterAll(() => pool.close());

describe.concurrent.each(stepsOf(inject('recordings')))('in the story: $scenario.title', ({ scenario, step }) => {
  test(`a cancel during ${titleOf(step)} leaves nothing behind`, async ({ skip }) => {
    const strikes = [{ at: step, when: 'before', do: 'cancel' } as const];
    const { provision } = await pool.playStruck({ ...scenario.plan, strikes }, skip);
    expect(step.workflow === 'provisionNode' ? ['cancelled', scenario.ends] : [scenario.ends]).toContain(provision);
  });
});

const UNDOING: readonly Omit<Step, 'workflow'>[] = [
  { activity: 'readInstance', nth: 1 },
  { activity: 'terminateInstance', nth: 1 },
  { activity: 'readInstance', nth: 2 },
];

describe.concurrent.each(['provisionNode', 'keepNode'])('while %s undoes', (workflow) => {
  const first = workflow === 'provisionNode' ? 'awaitHost' : 'markNode';
  test.each(UNDOING)('a second cancel during $activity ($nth) changes nothing', async (step) => {
    const cancels = [
      { at: { workflow, activity: first, nth: 1 }, when: 'before', do: 'cancel' },
      { at: { workflow, ...step }, when: 'before', do: 'cancel' },
    ] as const;
    const { provision } = await pool.playStruck({ ...A_LIFE.plan, strikes: cancels });
    expect(provision).toBe(workflow === 'provisionNode' ? 'cancelled' : 'completed');
  });
});
