import { expect } from 'vitest';
import type { Client } from '@temporalio/client';
import { ownedTokens } from '../../../src/contract/memo.ts';
import { keepNodeId, provisionNodeId, terminateNodeId } from '../../../src/contract/workflow-ids.ts';
import type { Simulator } from '../../../src/simulator/index.ts';
import { expectCleanSlate } from '../../support/clean-slate.ts';
import { endingOf, startProvision, type Ending } from '../../support/provisions.ts';
import { expectNothingLeft } from './clean.ts';
import type { Act, Plan } from './plan.ts';
import type { Execution } from './puppet.ts';
import { Script } from './script.ts';
import { startCloud } from './settings.ts';
import type { Slot } from './slot.ts';
import type { Step } from './step.ts';
import { ifRunning, running } from './temporal.ts';

/** What became of a run that kept all promises. */
export interface Outcome {
  /** How the provision ended: `completed`, `cancelled`, `terminated`, or the type of its failure. */
  readonly provision: string;
  readonly steps: readonly Step[];
  /** Strikes that met their step. */
  readonly struck: number;
  readonly seconds: number;
}

/** So long a run may take before it counts as stuck. Two settle windows, a few backoffs and the sweeps fit in it on a busy machine. */
const STUCK_AFTER_MS = 240_000;

let runs = 0;

/** Plays a plan: provision, live, end; then looks at the world. Throws on a broken promise, and when the run gets stuck. */
export async function play(slot: Slot, plan: Plan): Promise<Outcome> {
  runs += 1;
  const simulator = await startCloud(slot.site, plan.seed, plan.faults);
  const run = new Run(slot, plan, simulator, `n${runs}-${slot.site.account}`.slice(0, 40));
  try {
    return await withinTime(run);
  } finally {
    await run.clearAway();
  }
}

async function withinTime(run: Run): Promise<Outcome> {
  let timer: NodeJS.Timeout | undefined;
  const stuck = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      run.whereItStands().then((where) => reject(new Error(`stuck: ${where}`)), reject);
    }, STUCK_AFTER_MS);
  });
  try {
    return await Promise.race([run.story(), stuck]);
  } finally {
    clearTimeout(timer);
  }
}

class Run {
  readonly #slot: Slot;
  readonly #plan: Plan;
  readonly #client: Client;
  readonly #simulator: Simulator;
  readonly #name: string;
  readonly #script: Script;
  readonly #startedAt = performance.now();
  /** What acts began and nobody has waited for yet. */
  readonly #begun: Promise<unknown>[] = [];
  #asks = 0;

  constructor(slot: Slot, plan: Plan, simulator: Simulator, name: string) {
    this.#slot = slot;
    this.#plan = plan;
    this.#client = slot.client;
    this.#simulator = simulator;
    this.#name = name;
    this.#script = new Script(plan.strikes, (act, execution) => this.#act(act, execution));
    slot.strings.puppeteer = this.#script;
  }

  async story(): Promise<Outcome> {
    const provision = await startProvision(this.#client, this.#slot.taskQueue, {
      name: this.#name,
      ...this.#plan.request,
    });
    const ended = await endingOf(provision.result());
    await this.#lookAfterProvision(ended);
    await this.#endNode();
    await Promise.all(this.#begun);
    await this.#endNode();
    expectNothingLeft(this.#simulator);
    return {
      provision: ended.type,
      steps: this.#script.steps,
      struck: this.#script.struck.length,
      seconds: Math.round((performance.now() - this.#startedAt) / 100) / 10,
    };
  }

  /** After success one machine that its keeper owns, after any other end of its own none. */
  async #lookAfterProvision(ended: Ending): Promise<void> {
    if (ended.type !== 'completed') {
      expectNothingLeft(this.#simulator);
      return;
    }
    const keeper = await running(this.#client, keepNodeId(this.#name));
    if (keeper === undefined) return; // somebody has ended it already, and the last look is for that
    const alive = this.#simulator.oracles.instancesAlive();
    const { launchToken } = JSON.parse(ended.message) as { launchToken: string };
    expect(ownedTokens(keeper.memo)).toContain(launchToken);
    expect(alive.length).toBeLessThanOrEqual(1);
    if (this.#plan.strikes.length === 0) expectCleanSlate(this.#simulator, { alive: 1 });
  }

  /** Until no keeper runs: what was cancelled or terminated on the way to the end is asked again. */
  async #endNode(): Promise<void> {
    while ((await running(this.#client, keepNodeId(this.#name))) !== undefined) {
      await this.#askToEnd();
    }
  }

  async #askToEnd(): Promise<Ending> {
    this.#asks += 1;
    const ending = await endingOf(
      this.#client.workflow.execute('terminateNode', {
        workflowId: `${terminateNodeId(this.#name)}/${this.#asks}`,
        taskQueue: this.#slot.taskQueue,
        args: [{ name: this.#name }],
      }),
    );
    return ending;
  }

  async #act(act: Act, { workflowId, runId }: Execution): Promise<void> {
    const handle = this.#client.workflow.getHandle(workflowId, runId);
    switch (act) {
      case 'cancel':
        return ifRunning(() => handle.cancel());
      case 'terminate':
        return ifRunning(() => handle.terminate('a strike of the plan'));
      case 'ask-to-end':
        this.#begun.push(this.#askToEnd());
        return;
      case 'ask-again':
      case 'kill-worker':
        throw new Error(`${act}: not yet`);
      case 'replace-worker':
        this.#begun.push(this.#slot.replaceWorker());
        return;
    }
  }

  async whereItStands(): Promise<string> {
    const lines: string[] = [`steps: ${this.#script.steps.map(({ activity }) => activity).join(', ')}`];
    for (const id of [provisionNodeId(this.#name), keepNodeId(this.#name)]) {
      const description = await running(this.#client, id);
      const pending = description?.raw.pendingActivities ?? [];
      if (description === undefined) continue;
      lines.push(
        `${id} runs; pending: ${pending.map((a) => `${a.activityType?.name} (attempt ${a.attempt}): ${a.lastFailure?.message}`).join(', ')}`,
      );
    }
    lines.push(this.#simulator.describe());
    return lines.join('\n');
  }

  /** The slot is as if nothing had been: no workflow, no activity, no cloud of this run. */
  async clearAway(): Promise<void> {
    for (const id of [provisionNodeId(this.#name), keepNodeId(this.#name)]) {
      await ifRunning(() => this.#client.workflow.getHandle(id).terminate('its run is over'));
    }
    await this.#simulator.close();
    while (this.#script.inFlight.length > 0) await new Promise((resolve) => setTimeout(resolve, 50));
    this.#slot.strings.puppeteer = undefined;
  }
}
