import { activityInfo } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { hostProgressSignal, type HostProgress } from '../contract/messages.ts';
import { SECOND } from '../domain/durations.ts';

/** Each is four events in the history of the provision, for ever. */
const MOST_SIGNALS = 60;
/** Of a script that ends sooner nobody needs to be told. */
const FIRST_AFTER_MS = 10 * SECOND;
/** At most so often when the step is another one: of several that take a moment, the last is shown. */
const STEP_EVERY_MS = 10 * SECOND;
/** At most so often while a step prints; it doubles with every so many signals, so that a long bootstrap is shown to its end. */
const EVERY_MS = 30 * SECOND;
const DOUBLES_AFTER = 5;

/** Tells the provision how far its machine is. Nothing depends on it: nobody waits for a signal, and one that fails is forgotten. */
export class ProgressReport {
  readonly #temporal: Client;
  readonly #now: () => number;
  readonly #begunAt: number;
  #last: HostProgress | undefined;
  #lastAt = -Infinity;
  #sent = 0;
  #underWay = false;

  constructor(temporal: Client, now: () => number = () => performance.now()) {
    this.#temporal = temporal;
    this.#now = now;
    this.#begunAt = now();
  }

  of(progress: HostProgress): void {
    if (this.#underWay || this.#sent >= MOST_SIGNALS || !this.#isNews(progress)) return;
    this.#last = progress;
    this.#lastAt = this.#now();
    this.#sent += 1;
    this.#underWay = true;
    this.#signal(progress)
      .catch(() => undefined)
      .finally(() => (this.#underWay = false));
  }

  #isNews({ step, lastLines }: HostProgress): boolean {
    if (this.#last === undefined) return this.#now() - this.#begunAt >= FIRST_AFTER_MS;
    const since = this.#now() - this.#lastAt;
    if (step !== this.#last.step && since >= STEP_EVERY_MS) return true;
    const everyMs = EVERY_MS * 2 ** Math.floor(this.#sent / DOUBLES_AFTER);
    return since >= everyMs && lastLines.join('\n') !== this.#last.lastLines.join('\n');
  }

  async #signal(progress: HostProgress): Promise<void> {
    const { workflowExecution } = activityInfo();
    if (workflowExecution === undefined) return;
    const { workflowId, runId } = workflowExecution;
    await this.#temporal.workflow.getHandle(workflowId, runId).signal(hostProgressSignal, progress);
  }
}
