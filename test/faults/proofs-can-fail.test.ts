import { afterAll, describe, expect, inject, test } from 'vitest';
import { bundleOf, type Edit } from './harness/bundle.ts';
import type { Plan, Strike } from './harness/plan.ts';
import { slotPool } from './harness/pool.ts';
import { play } from './harness/run.ts';
import { openSlot } from './harness/slot.ts';

// A proof that cannot fail proves nothing. Each of these is the product of somebody who got one rule wrong, in a world that punishes it: the
// run must end in a breach. The same plan leaves the real product unharmed. (Two more, which are not about workflows alone, are in
// proofs-can-fail.*.test.ts. They are switches of the protocol's model, too: UNDO_AFTER, RETRY_LAUNCH, ABSENCE_PROOF, BY_NAME, NSW=0.)

const pool = slotPool();
afterAll(() => pool.close());

interface Mutant {
  readonly title: string;
  readonly edit: Edit;
  /** What the harness says of it. */
  readonly breach: RegExp;
  readonly plan: Plan;
}

const LOST_ANSWER = [
  { on: 'launch', nth: 1, do: { kind: 'lost-answer', as: { answer: 'reset' } } },
  { on: 'instance', launch: 1, do: { kind: 'unlisted', forMs: 120_000 } },
] as const;

function strike(activity: string, nth: number, what: Strike['do'], workflow = 'provisionNode'): Strike {
  return { at: { workflow, activity, nth }, when: 'before', do: what };
}

const MUTANTS: readonly Mutant[] = [
  {
    title: 'P1: the undo is armed by what the answer of the launch brings',
    edit: {
      file: 'src/workflows/provision-node.ts',
      from: '    if (saga.armed) {',
      to: '    if (saga.armed && board.progress().instanceId !== undefined) {',
    },
    breach: /ended cancelled, still there: /,
    plan: { seed: 21, faults: LOST_ANSWER, strikes: [strike('findInstances', 1, 'cancel')] },
  },
  {
    title: 'P2: a launch without an answer is taken for refused, and launched again',
    edit: {
      file: 'src/workflows/launch.ts',
      from: '  return neverStarted(error) || detailsOf<LaunchFailureDetails>(error).refused === true;',
      to: '  return error !== undefined;',
    },
    breach: /should be the only instance alive/,
    plan: { seed: 22, faults: LOST_ANSWER, strikes: [] },
  },
  {
    title: 'P3: an undo is given up after five attempts',
    edit: {
      file: 'src/workflows/activities.ts',
      from: '    retry: { initialInterval: 5 * SECOND, maximumInterval: 5 * MINUTE },\n  });\n}\n\n/** Looks at the whole account',
      to: '    retry: { initialInterval: 5 * SECOND, maximumInterval: 5 * MINUTE, maximumAttempts: 5 },\n  });\n}\n\n/** Looks at the whole account',
    },
    breach: /ended provider_unavailable, still there: /,
    plan: {
      seed: 23,
      faults: [{ on: 'terminate', times: 8, do: { kind: 'error', status: 500, body: 'html' } }],
      strikes: [strike('awaitHost', 1, 'cancel')],
    },
  },
  {
    title: 'P5: the sweeper is switched off',
    edit: {
      file: 'src/workflows/sweep-orphans.ts',
      from: '    if (stopped === undefined) await sweep.endOrphans();',
      to: '',
    },
    breach: /the sweeps did not settle/,
    plan: { seed: 24, faults: [], strikes: [strike('awaitHost', 1, 'terminate')] },
  },
  {
    title: 'P12: one look that does not find it is proof that it is gone',
    edit: {
      file: 'src/domain/proof-of-absence.ts',
      from: '  const { lastSeenAt, launchEndedAt } = evidence;\n  const counts',
      to: "  if (begunAt > 0) return { kind: 'gone' };\n  const { lastSeenAt, launchEndedAt } = evidence;\n  const counts",
    },
    breach: /should be the only instance alive/,
    plan: { seed: 25, faults: LOST_ANSWER, strikes: [] },
  },
  {
    title: 'P13: an instance that is marked unhealthy is ended by its keeper',
    edit: {
      file: 'src/workflows/keep-node.ts',
      from: "      if (stateOf(status) === 'ended') return",
      to: "      if (stateOf(status) === 'unhealthy') await endLaunch(launch, board);\n      if (stateOf(status) === 'ended') return",
    },
    breach: /alive: none; asked to end: 1 times/,
    plan: {
      seed: 26,
      faults: [{ on: 'instance', do: { kind: 'turns-unhealthy', afterActiveMs: 60_000 } }],
      strikes: [],
      stayMs: 20_000,
    },
  },
];

describe.concurrent.each(MUTANTS)('$title', ({ edit, plan, breach }) => {
  // Sweeps that cannot settle are given three minutes before they count as broken.
  test('is found out', { timeout: 600_000 }, async () => {
    const bundle = await bundleOf([edit]);
    const slot = await openSlot({ temporalAddress: inject('temporalAddress'), workflowBundlePath: bundle.path });
    try {
      await expect(play(slot, plan)).rejects.toThrow(breach);
    } finally {
      await slot.close();
      await bundle.remove();
    }
  });

  test('and the real product passes the same', async () => {
    await pool.playStruck(plan);
  });
});
