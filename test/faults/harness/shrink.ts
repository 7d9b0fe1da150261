import type { Plan } from './plan.ts';

/** So many plans are tried at most: each takes as long as a run does. */
const MOST_TRIES = 12;

/** Drops one thing at a time from a plan that fails, and keeps what still fails. */
export async function shrunk(plan: Plan, fails: (smaller: Plan) => Promise<boolean>): Promise<Plan> {
  let smallest = plan;
  let tries = 0;
  for (let shrinks = true; shrinks;) {
    shrinks = false;
    for (const smaller of smallerOnes(smallest)) {
      if (tries === MOST_TRIES) return smallest;
      tries += 1;
      if (!(await fails(smaller))) continue;
      smallest = smaller;
      shrinks = true;
      break;
    }
  }
  return smallest;
}

function smallerOnes(plan: Plan): readonly Plan[] {
  return [
    ...plan.strikes.map((strike) => ({ ...plan, strikes: plan.strikes.filter((each) => each !== strike) })),
    ...plan.faults.map((fault) => ({ ...plan, faults: plan.faults.filter((each) => each !== fault) })),
  ];
}
