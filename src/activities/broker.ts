import { activityInfo, log } from '@temporalio/activity';
import { WorkflowNotFoundError } from '@temporalio/client';
import type { SignalDefinition } from '@temporalio/common';
import {
  launchOutcomeSignal,
  lookSignal,
  sendTicketSignal,
  ticketSignal,
  ticketsSignal,
  waitingLineQuery,
  type LaunchOutcome,
} from '../contract/account-broker.ts';
import { mainTaskQueue } from '../contract/task-queues.ts';
import { accountBrokerId, WORKFLOW_TYPE } from '../contract/workflow-ids.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { inParallel } from './in-parallel.ts';
import { countRunningOwners, hasVisibility, listRunningOwners } from './running-owners.ts';
import { ticketPost } from './ticket-post.ts';
import type { BrokerActivities, PlaceInLine } from './types.ts';

/** The broker answers in milliseconds. Nobody waits for one that has no worker. */
const ANSWER_MS = 3_000;

/** So many of those who wait are called at a time. */
const CALLS_AT_A_TIME = 8;
const MOST_CALLED = 2_000;

type Dependencies = Pick<ActivityDependencies, 'temporal' | 'account'>;

/** How the account's broker is started, by whoever needs it first. */
export function brokerStart(account: string | undefined) {
  return {
    workflowId: accountBrokerId(account),
    taskQueue: mainTaskQueue(account),
    args: [{}],
    staticSummary: 'reads capacity and fleet for everybody, and says who may launch next',
    // Everybody waits for it: ten thousand that are asked for at once must not keep it from its first task. Its steps have priorities of their own.
    priority: { priorityKey: 1 },
    // In a worker that a crowd keeps busy a replay takes longer than the usual ten seconds.
    workflowTaskTimeout: '30s',
  } as const;
}

/** The way to the account's broker, for whoever has something to tell it. */
export class Broker {
  readonly #dependencies: Dependencies;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  /** Starts the broker where none runs. */
  async ask<Args extends unknown[]>(signal: SignalDefinition<Args>, ...signalArgs: Args): Promise<void> {
    await this.#dependencies.temporal.workflow.signalWithStart(WORKFLOW_TYPE.accountBroker, {
      ...brokerStart(this.#dependencies.account),
      signal: signal as SignalDefinition<unknown[]>,
      signalArgs,
    });
  }

  /** Tells it, if it runs. Nothing depends on it: what goes wrong is noted and passed over. */
  async tell<Args extends unknown[]>(signal: SignalDefinition<Args>, ...args: Args): Promise<void> {
    await this.#tried(`tell ${signal.name}`, () => this.#handle().signal(signal, ...args));
  }

  /** The same, and starts it where none runs. */
  async wake<Args extends unknown[]>(signal: SignalDefinition<Args>, ...args: Args): Promise<void> {
    await this.#tried(`ask ${signal.name}`, () => this.ask(signal, ...args));
  }

  /** The place of a name in the line, and why it waits; undefined: the broker did not say. */
  async placeOf(name: string, withinMs: number): Promise<PlaceInLine | undefined> {
    const ask = () => this.#handle().query(waitingLineQuery, { name, most: 1 });
    const line = await this.#tried('read the line', ask, withinMs);
    const found = line?.nodes.find((node) => node.name === name);
    if (line === undefined || found === undefined) return undefined;
    const { place, reason, takenBy } = found;
    return { place, total: line.total, reason, ...(takenBy === undefined ? {} : { takenBy }) };
  }

  #handle() {
    const { temporal, account } = this.#dependencies;
    return temporal.workflow.getHandle(accountBrokerId(account));
  }

  async #tried<T>(what: string, call: () => Promise<T>, withinMs = ANSWER_MS): Promise<T | undefined> {
    try {
      return await this.#dependencies.temporal.withDeadline(Date.now() + withinMs, call);
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) log.warn(`account broker: could not ${what}`, { error });
      return undefined;
    }
  }
}

/** Between owners and their broker: Temporal alone is asked, no Lambda request is spent. */
export function createBrokerActivities(dependencies: ActivityDependencies): BrokerActivities {
  const { temporal } = dependencies;
  const broker = new Broker(dependencies);
  const post = ticketPost(([first, ...others]) => {
    if (first === undefined) return Promise.resolve();
    return others.length === 0 ? broker.ask(ticketSignal, first) : broker.ask(ticketsSignal, [first, ...others]);
  });
  let questions = 0;
  return {
    async joinLine({ ticket, withPlace, isCalled = false }) {
      await post.send(ticket);
      const sent = { sentLately: post.sentLately() };
      // The time-skipping server, known by its lack of visibility, loses workflow tasks when it is queried and signalled at once.
      if (!withPlace || !(await hasVisibility(temporal).catch(() => false))) return sent;
      // The broker answers a crowd one by one, and does nothing else meanwhile.
      if (!isCalled && questions > 0) return sent;
      questions += 1;
      try {
        // Its place is a courtesy: it must not use up the time in which the step has to say that the ticket was sent.
        const withinMs = Math.min(ANSWER_MS, activityInfo().startToCloseTimeoutMs / 3);
        return { ...sent, ...(await broker.placeOf(ticket.name, withinMs)) };
      } finally {
        questions -= 1;
      }
    },

    async askToLook(input) {
      await broker.ask(lookSignal, input);
    },

    async wakeBroker() {
      if (await isNeeded()) await broker.ask(lookSignal, { ifOlder: true });
    },

    async callWaiters({ except }) {
      const owners = await listRunningOwners(temporal, activityInfo().taskQueue);
      const all = owners.filter(
        ({ phase, node }) => phase === 'waiting_for_capacity' && node !== undefined && !except.includes(node),
      );
      // Whoever is not called comes by itself within the hour.
      const waiting = all.slice(0, MOST_CALLED);
      await inParallel(waiting, CALLS_AT_A_TIME, async ({ workflowId }) => {
        try {
          await temporal.workflow.getHandle(workflowId).signal(sendTicketSignal);
        } catch (error) {
          if (!(error instanceof WorkflowNotFoundError)) throw error;
        }
      });
      return { called: waiting.length };
    },
  };

  /** One too many ends by itself. */
  async function isNeeded(): Promise<boolean> {
    try {
      return (await countRunningOwners(temporal, activityInfo().taskQueue)) > 0;
    } catch (error) {
      log.warn('account broker: Temporal does not say whether any owner runs', { error });
      return true;
    }
  }
}

/** What the broker should know of a launch at once, and not only when the list shows it. */
export async function tellOutcome(broker: Broker, outcome: LaunchOutcome): Promise<void> {
  // An accepted launch is to be watched, whether or not the broker that granted it still runs.
  await (outcome.outcome === 'refused'
    ? broker.tell(launchOutcomeSignal, outcome)
    : broker.wake(launchOutcomeSignal, outcome));
}
