import { afterAll, expect, inject, test, vi } from 'vitest';
import type { OrphanVerdict } from '../../src/domain/orphan-verdict.ts';
import { A_LIFE } from './harness/scenarios.ts';
import { play } from './harness/run.ts';
import { openSlot, type Slot } from './harness/slot.ts';

// The product of somebody who lets an owner's name decide, not the launch token: whatever carries the name of a node that lives is owned.

vi.mock(import('../../src/domain/orphan-verdict.ts'), async (original) => {
  const real = await original();
  return {
    ...real,
    judgeInstance: (instance, owners, ...rest): OrphanVerdict =>
      owners.provision !== undefined || owners.keeper !== undefined
        ? { kind: 'owned', reason: 'somebody of that name runs' }
        : real.judgeInstance(instance, owners, ...rest),
  };
});

let slot: Slot | undefined;
afterAll(() => slot?.close());

test('ownership by name is found out: what a terminated run left is kept for ever by the next node of that name', async () => {
  slot = await openSlot({
    temporalAddress: inject('temporalAddress'),
    workflowBundlePath: inject('workflowBundlePath'),
  });
  const strikes = [
    { at: { workflow: 'provisionNode', activity: 'awaitHost', nth: 1 }, when: 'before', do: 'terminate' },
    { at: { workflow: 'provisionNode', activity: 'awaitHost', nth: 1 }, when: 'before', do: 'ask-again' },
  ] as const;
  await expect(play(slot, { ...A_LIFE.plan, strikes })).rejects.toThrow(/the node was ended, still there: /);
});
