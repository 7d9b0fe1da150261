/** A step of a story: the n-th activity of a type that one run of a workflow schedules, counted from 1. */
export interface Step {
  readonly workflow: string;
  readonly activity: string;
  readonly nth: number;
}

export function isSameStep(a: Step, b: Step): boolean {
  return a.workflow === b.workflow && a.activity === b.activity && a.nth === b.nth;
}

export function titleOf({ workflow, activity, nth }: Step): string {
  return `${workflow}: ${activity}${nth === 1 ? '' : ` (${nth})`}`;
}
