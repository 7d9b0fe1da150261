import type { TestProject } from 'vitest/node';
import { play } from './run.ts';
import { SCENARIOS, type Recording } from './scenarios.ts';
import { openSlot } from './slot.ts';

/** Plays each scenario once, undisturbed, and provides the steps that it took: the proofs strike at each of them. */
export async function setup(project: TestProject): Promise<void> {
  const { temporalAddress, workflowBundlePath } = project.getProvidedContext();
  const recordings = await Promise.all(
    SCENARIOS.map(async ({ title, plan, ends }): Promise<Recording> => {
      const slot = await openSlot({ temporalAddress, workflowBundlePath });
      try {
        const { provision, steps } = await play(slot, plan);
        if (provision !== ends) throw new Error(`${title}: ended ${provision} instead of ${ends}`);
        return { scenario: title, steps };
      } finally {
        await slot.close();
      }
    }),
  );
  project.provide('recordings', recordings);
}
