import { log } from '@temporalio/activity';
import { WorkflowNotFoundError } from '@temporalio/client';
import { clearGpusSignal, condemnedGpusQuery, condemnGpusSignal } from '../contract/account-broker.ts';
import { accountBrokerId, WORKFLOW_TYPE } from '../contract/workflow-ids.ts';
import { readCondemned, stillCondemned, type CondemnedGpu } from '../domain/condemned-gpus.ts';
import { CONDEMNED_GPUS_MS } from '../domain/deadlines.ts';
import { brokerStart } from './broker.ts';
import type { ActivityDependencies } from './dependencies.ts';

/** The broker answers in milliseconds. Whoever proves GPUs does not wait for one that has no worker. */
const ANSWER_MS = 3_000;

/**
 * The account's memory of condemned GPUs, in its broker. It spares looks and decides nothing by itself: when it cannot be reached, nothing
 * was condemned before, and nothing is remembered.
 */
export class CondemnedGpuMemory {
  readonly #dependencies: Pick<ActivityDependencies, 'temporal' | 'account'>;

  constructor(dependencies: Pick<ActivityDependencies, 'temporal' | 'account'>) {
    this.#dependencies = dependencies;
  }

  /** The first of these that is remembered. */
  async seenBefore(uuids: readonly string[]): Promise<CondemnedGpu | undefined> {
    return (await this.#known()).find(({ uuid }) => uuids.includes(uuid));
  }

  async condemn(uuids: readonly string[], reason: string): Promise<void> {
    if (uuids.length === 0) return;
    const { temporal, account } = this.#dependencies;
    await this.#tried('remember', undefined, () =>
      temporal.workflow.signalWithStart(WORKFLOW_TYPE.accountBroker, {
        ...brokerStart(account),
        signal: condemnGpusSignal,
        signalArgs: [{ uuids, reason, forMs: CONDEMNED_GPUS_MS }],
      }),
    );
  }

  /** They were seen to work. */
  async forget(uuids: readonly string[]): Promise<void> {
    const known = await this.#known();
    if (!known.some(({ uuid }) => uuids.includes(uuid))) return;
    await this.#tried('forget', undefined, () => this.#broker().signal(clearGpusSignal, { uuids }));
  }

  async #known(): Promise<readonly CondemnedGpu[]> {
    const answer = await this.#tried('read', [], () => this.#broker().query(condemnedGpusQuery));
    // A broker that was terminated answers as of its end.
    return stillCondemned(readCondemned(answer), Date.now());
  }

  #broker() {
    const { temporal, account } = this.#dependencies;
    return temporal.workflow.getHandle(accountBrokerId(account));
  }

  async #tried<T, U>(what: string, otherwise: U, call: () => Promise<T>): Promise<T | U> {
    try {
      return await this.#dependencies.temporal.withDeadline(Date.now() + ANSWER_MS, call);
    } catch (error) {
      // Without a broker nothing is remembered: that is the rule, not worth a line.
      if (!(error instanceof WorkflowNotFoundError)) log.warn(`condemned gpus: could not ${what}`, { error });
      return otherwise;
    }
  }
}
