import { afterAll, expect, inject, test, vi } from 'vitest';
import { bundleOf } from './harness/bundle.ts';
import { A_LIFE } from './harness/scenarios.ts';
import { play } from './harness/run.ts';
import { openSlot } from './harness/slot.ts';

// The product of somebody who lets Temporal's retry policy repeat the launch, and has taken the worker's own guard away.

vi.mock(import('../../src/activities/launch.ts'), async (original) => {
  const real = await original();
  return {
    ...real,
    createLaunchActivities: (dependencies) => ({
      launchInstance: (input) => real.createLaunchActivities(dependencies).launchInstance(input),
    }),
  };
});
vi.mock(import('@temporalio/activity'), async (original) => {
  const real = await original();
  return { ...real, activityInfo: () => ({ ...real.activityInfo(), attempt: 1 }) };
});

const closing: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

test('a launch repeated by policy is found out: one token is sent twice', async () => {
  const bundle = await bundleOf([
    {
      file: 'src/workflows/activities.ts',
      from: 'retry: { maximumAttempts: 1 }, // P2',
      to: 'retry: { maximumAttempts: 3 },',
    },
  ]);
  closing.push(() => bundle.remove());
  const slot = await openSlot({ temporalAddress: inject('temporalAddress'), workflowBundlePath: bundle.path });
  closing.push(() => slot.close());
  const at = { workflow: 'provisionNode', activity: 'launchInstance', nth: 1 };
  await expect(play(slot, { ...A_LIFE.plan, strikes: [{ at, when: 'after', do: 'fail' }] })).rejects.toThrow(
    /should be the only instance alive/,
  );
});
