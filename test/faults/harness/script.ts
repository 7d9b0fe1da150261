import type { Act, Strike } from './plan.ts';
import type { Execution, Puppeteer } from './puppet.ts';
import { isSameStep, type Step } from './step.ts';

/** Plays a plan's strikes, each once, and writes down the steps that it saw. */
export class Script implements Puppeteer {
  readonly #strikes: Strike[];
  readonly #act: (act: Act, execution: Execution) => Promise<void>;
  readonly #ordinals = new Map<string, string[]>();
  readonly #inFlight = new Set<Execution>();
  readonly steps: Step[] = [];
  readonly struck: Strike[] = [];

  constructor(strikes: readonly Strike[], act: (act: Act, execution: Execution) => Promise<void>) {
    this.#strikes = [...strikes];
    this.#act = act;
  }

  get inFlight(): readonly Execution[] {
    return [...this.#inFlight];
  }

  async before(execution: Execution): Promise<'go' | 'fail'> {
    this.#inFlight.add(execution);
    const order = await this.#strike(this.#stepOf(execution), 'before', execution);
    return order === 'fail' ? 'fail' : 'go';
  }

  async after(execution: Execution): Promise<'go' | 'fail' | 'again'> {
    return this.#strike(this.#stepOf(execution), 'after', execution);
  }

  done(execution: Execution): void {
    for (const running of this.#inFlight) {
      const isSame = running.runId === execution.runId && running.activityId === execution.activityId;
      if (isSame && running.attempt === execution.attempt) this.#inFlight.delete(running);
    }
  }

  /** A process was killed: what it was doing will not end. */
  forgetInFlight(): void {
    this.#inFlight.clear();
  }

  async #strike(step: Step, when: 'before' | 'after', execution: Execution): Promise<'go' | 'fail' | 'again'> {
    let order: 'go' | 'fail' | 'again' = 'go';
    for (const strike of this.#strikes.filter((each) => each.when === when && isSameStep(each.at, step))) {
      this.#strikes.splice(this.#strikes.indexOf(strike), 1);
      this.struck.push(strike);
      if (strike.do === 'fail' || strike.do === 'again') order = strike.do;
      else await this.#act(strike.do, execution);
    }
    return order;
  }

  #stepOf({ workflowType, runId, activityType, activityId }: Execution): Step {
    const key = `${runId} ${activityType}`;
    const ids = this.#ordinals.get(key) ?? [];
    this.#ordinals.set(key, ids);
    const known = ids.indexOf(activityId);
    const nth = known >= 0 ? known + 1 : ids.push(activityId);
    const step = { workflow: workflowType, activity: activityType, nth };
    if (known < 0) this.steps.push(step);
    return step;
  }
}
