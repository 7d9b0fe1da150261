import { afterAll, describe, expect, inject, test } from 'vitest';
import { slotPool } from './harness/pool.ts';
import { A_LIFE, stepsOf } from './harness/scenarios.ts';
import { titleOf } from './harness/step.ts';

// Proof (e): terminate runs no code of ours. Whatever it leaves, the sweeps find and end; what another owner has, they leave alone.

const pool = slotPool();
afterAll(() => pool.close());

describe.concurrent.each(stepsOf(inject('recordings')))('in the story: $scenario.title', ({ scenario, step }) => {
  test(`terminated during ${titleOf(step)}: the sweeps settle, and nothing is left`, async ({ skip }) => {
    await pool.playStruck({ ...scenario.plan, strikes: [{ at: step, when: 'before', do: 'terminate' }] }, skip);
  });
});

test('terminated when the launch was accepted and nobody was told: the sweeps end what it made', async () => {
  const at = { workflow: 'provisionNode', activity: 'launchInstance', nth: 1 };
  const { sweeps } = await pool.playStruck({ ...A_LIFE.plan, strikes: [{ at, when: 'after', do: 'terminate' }] });
  expect(sweeps).toBeGreaterThanOrEqual(2); // the first sighting ends nothing
});
