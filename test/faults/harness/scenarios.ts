import type { Plan } from './plan.ts';
import type { Step } from './step.ts';

/** A story without strikes: what its plan leaves to be struck. */
export interface Scenario {
  readonly title: string;
  readonly plan: Plan;
  /** How its provision ends, with or without a strike that the product survives. */
  readonly ends: string;
}

/** The steps that a scenario took when nothing was struck. */
export interface Recording {
  readonly scenario: string;
  readonly steps: readonly Step[];
}

export const A_LIFE: Scenario = {
  title: 'a life',
  plan: { seed: 1, faults: [], strikes: [] },
  ends: 'completed',
};

const ACTIVE_LAST: Scenario = {
  title: 'Lambda says active last',
  plan: {
    seed: 5,
    faults: [{ on: 'instance', do: { kind: 'boots', activeAfterMs: 480_000 } }],
    strikes: [],
  },
  ends: 'completed',
};

export const SCENARIOS: readonly Scenario[] = [
  A_LIFE,
  {
    title: 'a bad machine is unwound',
    plan: {
      seed: 2,
      faults: [{ on: 'instance', do: { kind: 'unhealthy' } }],
      strikes: [],
      request: { maxLaunches: 1 },
    },
    ends: 'instance_failed',
  },
  {
    title: "a launch's answer is lost and it is adopted",
    plan: {
      seed: 3,
      faults: [
        { on: 'launch', nth: 1, do: { kind: 'lost-answer', as: { answer: 'reset' } } },
        { on: 'instance', launch: 1, do: { kind: 'unlisted', forMs: 60_000 } },
      ],
      strikes: [],
    },
    ends: 'completed',
  },
  {
    title: 'a launch that came to nothing is proven absent',
    plan: {
      seed: 4,
      faults: [{ on: 'launch', nth: 1, do: { kind: 'reset' } }],
      strikes: [],
    },
    ends: 'completed',
  },
  ACTIVE_LAST,
];

/** Looks are repeated until time has passed: how often depends on the machine. The first ones stand for all. */
const LOOKS = ['findInstances', 'readFleet', 'readCapacity'];
const LOOKS_TO_STRIKE = 2;

/** What is done again when the next launch is slow to begin: for certain only where there is a second one. */
const DONE_AGAIN = ['readCapacity', 'joinLine'];

/**
 * Whether the scenario takes the step on any machine. A registration is looked at again if it came before `active`: for certain only where that
 * takes long. Sweeps are the Schedule's, and begin when the clock says.
 */
function isCertain({ workflow, activity, nth }: Step, scenario: Scenario, steps: readonly Step[]): boolean {
  if (workflow === 'sweepOrphans') return false;
  if (activity === 'lookAtRegistration') return scenario === ACTIVE_LAST;
  return (
    !DONE_AGAIN.includes(activity) ||
    nth === 1 ||
    steps.some((step) => step.activity === 'launchInstance' && step.nth > 1)
  );
}

/** Every step of every scenario, each once: in the first scenario that takes it. */
export function stepsOf(
  recordings: readonly Recording[],
): readonly { readonly scenario: Scenario; readonly step: Step }[] {
  const taken = new Set<string>();
  return recordings.flatMap(({ scenario: title, steps }) => {
    const scenario = SCENARIOS.find((each) => each.title === title);
    if (scenario === undefined) throw new Error(`no scenario ${title}`);
    return steps
      .filter(({ activity, nth }) => !LOOKS.includes(activity) || nth <= LOOKS_TO_STRIKE)
      .filter((step) => isCertain(step, scenario, steps))
      .filter((step) => {
        const key = JSON.stringify(step);
        return taken.has(key) ? false : taken.add(key);
      })
      .map((step) => ({ scenario, step }));
  });
}
