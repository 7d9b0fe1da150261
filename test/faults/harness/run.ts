import { setTimeout as sleep } from 'node:timers/promises';
import { WithStartWorkflowOperation, type Client } from '@temporalio/client';
import { acceptUpdate } from '../../../src/contract/messages.ts';
import { ownedTokens } from '../../../src/contract/memo.ts';
import type { Node, ProvisionNodeRequest } from '../../../src/contract/provision-node.ts';
import { accountBrokerId, keepNodeId, provisionNodeId, terminateNodeId } from '../../../src/contract/workflow-ids.ts';
import type { Simulator } from '../../../src/simulator/index.ts';
import { endingOf, type Ending } from '../../support/provisions.ts';
import type { Act, Plan } from './plan.ts';
import type { Execution } from './puppet.ts';
import { Script } from './script.ts';
import { startCloud } from './settings.ts';
import type { Slot } from './slot.ts';
import type { Step } from './step.ts';
import { settleSweeps } from './sweeps.ts';
import { ifRunning, running } from './temporal.ts';
import { Breach, expectKept, expectNothingLeft } from './world.ts';

/** What became of a run that kept all promises. */
export interface Outcome {
  /** How the provision ended: `completed`, `cancelled`, `terminated`, or the type of its failure. */
  readonly provision: string;
  readonly steps: readonly Step[];
  /** Strikes that met their step, in order. */
  readonly struck: readonly string[];
  /** What the cloud did wrong: faults that struck a request, by kind, and those planned for instances, machines and Navarch. */
  readonly faults: readonly string[];
  readonly sweeps: number;
  readonly seconds: number;
}

/** So long a run may take before it counts as stuck: many settle windows and sweeps, on a machine that is busy with others. */
const STUCK_AFTER_MS = 420_000;

/** An activity whose workflow is over hears so at a heartbeat, or its request runs into its timeout. */
const CLEARED_AFTER_MS = 180_000;

/** A launch in flight when its workflow was terminated may take so long to be over. */
const IN_FLIGHT_MS = 5_000;

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
  const over = new AbortController();
  const stuck = async (): Promise<never> => {
    await sleep(STUCK_AFTER_MS, undefined, { signal: over.signal });
    throw new Breach(`stuck: ${await run.whereItStands()}`);
  };
  try {
    return await Promise.race([run.story(), run.failure, stuck()]);
  } finally {
    over.abort();
  }
}

class Run {
  readonly #slot: Slot;
  readonly #plan: Plan;
  readonly #client: Client;
  readonly #simulator: Simulator;
  readonly #name: string;
  readonly #request: ProvisionNodeRequest;
  readonly #script: Script;
  /** Rejects when an act could not be carried out: the story would wait for ever for a worker that did not start. */
  readonly failure: Promise<never>;
  readonly #startedAt = performance.now();
  /** What acts began and nobody has waited for yet. */
  readonly #begun: Promise<unknown>[] = [];
  /** Somebody wished an end, or ended an owner: what lives may be on its way out. */
  #isDisturbed = false;
  /** An owner was terminated: what it owned is left to the sweeper. */
  #isForced = false;
  #asks = 0;
  #sweeps = 0;

  constructor(slot: Slot, plan: Plan, simulator: Simulator, name: string) {
    this.#slot = slot;
    this.#plan = plan;
    this.#client = slot.client;
    this.#simulator = simulator;
    this.#name = name;
    this.#request = { name, instanceType: 'gpu_1x_h100_sxm5', ...plan.request };
    let fail: (error: unknown) => void = () => undefined;
    this.failure = new Promise((_, reject) => (fail = reject));
    this.failure.catch(() => undefined); // whoever plays it hears
    this.#script = new Script(plan.strikes, (act, execution) => this.#act(act, execution).catch(fail));
    slot.strings.puppeteer = this.#script;
  }

  async story(): Promise<Outcome> {
    const provision = await this.#client.workflow.start<(request: unknown) => Promise<Node>>('provisionNode', {
      workflowId: provisionNodeId(this.#name),
      taskQueue: this.#slot.taskQueue,
      args: [this.#request],
    });
    const ended = await endingOf(provision.result());
    if (ended.type === 'completed') await this.#live(JSON.parse(ended.message) as Node);
    else if (!this.#isForced && this.#begun.length === 0) {
      expectNothingLeft(this.#simulator, `the provision ended ${ended.type}`);
    }
    await this.#sweepIfForced();
    // Even while the last sweeps look, a strike may let somebody ask once more.
    do {
      await this.#endNode();
      await Promise.all(this.#begun.splice(0));
      await this.#endNode();
      await this.#sweepIfForced();
    } while (this.#begun.length > 0);
    await this.#expectNothingLeft();
    return {
      provision: ended.type,
      steps: this.#script.steps,
      struck: this.#script.struck.map((strike) => strike.do),
      faults: [
        ...this.#simulator.record.requests.flatMap(({ faults }) => faults),
        ...this.#plan.faults.flatMap(({ on, do: fault }) =>
          on === 'instance' || on === 'machine' || on === 'navarch'
            ? [`${on}: ${'kind' in fault ? fault.kind : Object.keys(fault).join(', ')}`]
            : [],
        ),
      ],
      sweeps: this.#sweeps,
      seconds: Math.round((performance.now() - this.#startedAt) / 100) / 10,
    };
  }

  async #expectNothingLeft(): Promise<void> {
    try {
      expectNothingLeft(this.#simulator, 'the node was ended');
    } catch (error) {
      if (error instanceof Breach) throw new Breach(`${error.message}\n${await this.whereItStands()}`);
      throw error;
    }
  }

  /** After success one machine, owned by a keeper that runs and says so; as long as nobody disturbs it, it stays. */
  async #live({ instanceId, launchToken }: Node): Promise<void> {
    const { faults, request } = this.#plan;
    const mayEnd =
      request?.['lifetime'] !== undefined || faults.some(({ do: fault }) => 'kind' in fault && fault.kind === 'ends');
    if (this.#isDisturbed || mayEnd || this.#begun.length > 0) return;
    const keeper = await running(this.#client, keepNodeId(this.#name));
    if (this.#wasDisturbed()) return; // meanwhile
    if (keeper === undefined || ownedTokens(keeper.memo)?.includes(launchToken) !== true) {
      throw new Breach(`ready, but no keeper lists the token of ${instanceId}`);
    }
    expectKept(this.#simulator, instanceId, 'ready');
    await sleep(this.#plan.stayMs ?? 0);
    if (this.#wasDisturbed()) return;
    expectKept(this.#simulator, instanceId, 'kept');
  }

  #wasDisturbed(): boolean {
    return this.#isDisturbed;
  }

  /** Until no provision and no keeper runs: who was cancelled or terminated on the way to the end is asked again. */
  async #endNode(): Promise<void> {
    for (;;) {
      // In this order: asked the other way round, a hand-over between the two would be missed.
      const provision = await running(this.#client, provisionNodeId(this.#name));
      const keeper = await running(this.#client, keepNodeId(this.#name));
      if (provision === undefined && keeper === undefined) return;
      await this.#askToEnd();
    }
  }

  async #askToEnd(): Promise<Ending> {
    this.#isDisturbed = true;
    this.#asks += 1;
    return endingOf(
      this.#client.workflow.execute('terminateNode', {
        workflowId: `${terminateNodeId(this.#name)}/${this.#asks}`,
        taskQueue: this.#slot.taskQueue,
        args: [{ name: this.#name }],
      }),
    );
  }

  /** Like the SDK: starts, or joins what runs. */
  async #askAgain(): Promise<void> {
    const startWorkflowOperation = new WithStartWorkflowOperation<(input: ProvisionNodeRequest) => Promise<Node>>(
      'provisionNode',
      {
        workflowId: provisionNodeId(this.#name),
        taskQueue: this.#slot.taskQueue,
        args: [this.#request],
        workflowIdConflictPolicy: 'USE_EXISTING',
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      },
    );
    try {
      await this.#client.workflow.executeUpdateWithStart(acceptUpdate, {
        args: [this.#request],
        startWorkflowOperation,
      });
      await endingOf((await startWorkflowOperation.workflowHandle()).result());
    } catch {
      // The run that it joined was ended under it: that caller hears so, and asks once more or not.
    }
  }

  async #act(act: Act, { workflowId, runId, workflowType }: Execution): Promise<void> {
    const handle = this.#client.workflow.getHandle(workflowId, runId);
    const isOwner = workflowType === 'provisionNode' || workflowType === 'keepNode';
    switch (act) {
      case 'cancel':
        this.#isDisturbed = true;
        return ifRunning(() => handle.cancel());
      case 'terminate':
        this.#isDisturbed = true;
        this.#isForced ||= isOwner;
        return ifRunning(() => handle.terminate('a strike of the plan'));
      case 'ask-to-end':
        this.#isDisturbed = true;
        this.#begun.push(this.#askToEnd());
        return;
      case 'ask-again':
        this.#begun.push(this.#askAgain());
        return;
      case 'replace-worker':
        this.#begun.push(this.#slot.replaceWorker());
        return;
      case 'kill-worker':
        await this.#slot.killWorker?.();
        this.#script.forgetInFlight();
        return;
      case 'kill-everything':
        await this.#slot.killEverything?.();
        this.#script.forgetInFlight();
        return;
    }
  }

  async #sweepIfForced(): Promise<void> {
    if (!this.#isForced) return;
    this.#isForced = false;
    const until = performance.now() + IN_FLIGHT_MS;
    const sending = (): boolean => this.#script.inFlight.some(({ activityType }) => activityType === 'launchInstance');
    while (sending() && performance.now() < until) await sleep(20);
    this.#sweeps += await settleSweeps({
      client: this.#client,
      taskQueue: this.#slot.taskQueue,
      simulator: this.#simulator,
      owners: this.#owners(),
    });
    await this.#sweepIfForced(); // an owner was terminated meanwhile
  }

  #owners(): readonly string[] {
    return [provisionNodeId(this.#name), keepNodeId(this.#name)];
  }

  async whereItStands(): Promise<string> {
    const lines: string[] = [`steps: ${this.#script.steps.map(({ activity }) => activity).join(', ')}`];
    for (const id of this.#owners()) {
      const description = await running(this.#client, id);
      if (description === undefined) continue;
      const pending = (description.raw.pendingActivities ?? []).map(
        ({ activityType, attempt, lastFailure }) =>
          `${activityType?.name} (attempt ${attempt}): ${lastFailure?.message}`,
      );
      lines.push(`${id} runs; pending: ${pending.join(', ')}`);
    }
    lines.push(this.#simulator.describe());
    return lines.join('\n');
  }

  /** The slot is as if nothing had been: no workflow, no activity, no cloud of this run. */
  async clearAway(): Promise<void> {
    for (const id of [...this.#owners(), accountBrokerId(this.#slot.site.account)]) {
      await ifRunning(() => this.#client.workflow.getHandle(id).terminate('its run is over'));
    }
    await this.#simulator.close();
    const until = performance.now() + CLEARED_AFTER_MS;
    while (this.#script.inFlight.length > 0) {
      if (performance.now() > until) {
        const left = this.#script.inFlight.map(({ activityType }) => activityType).join(', ');
        throw new Breach(`its workflows are over, but these activities do not end: ${left}`);
      }
      await sleep(50);
    }
    this.#slot.strings.puppeteer = undefined;
  }
}
