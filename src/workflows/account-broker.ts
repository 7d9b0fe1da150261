import { condition, getExternalWorkflowHandle, log, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import { TemporalFailure, type SignalDefinition } from '@temporalio/common';
import {
  grantSignal,
  refuseSignal,
  sendTicketSignal,
  type AccountBrokerInput,
  type RefuseMessage,
} from '../contract/account-broker.ts';
import { provisionNodeId } from '../contract/workflow-ids.ts';
import { GRANT_VALID_MS } from '../domain/deadlines.ts';
import { formatDuration, HOUR, MINUTE, SECOND } from '../domain/durations.ts';
import { nextGrant, type Grant, type Ticket } from '../domain/grants.ts';
import { Alarm } from './alarm.ts';
import { BrokerReads } from './broker-reads.ts';
import { BrokerState } from './broker-state.ts';
import { messageOf } from './failures.ts';
import { continueOnCurrentVersion, Version } from './versions.ts';

/**
 * It continues as new before its history is long: another worker replays all its tasks, in a crowd each of them behind the others', and has to
 * be done within `workflowTaskTimeout`.
 */
const EVENTS_PER_RUN = 1_000;

/** Beyond that it waits for no quiet moment any more. */
const MOST_EVENTS = 4_000;

/**
 * A message that comes during the task in which it would continue as new fails that task, and the next worker to take it replays all the history.
 * So it waits for a task to which none has come: messages come in bursts, or half a second apart.
 */
const CONTINUES_WITHIN_MS = SECOND;

/** A broker that nobody needs stays so long: a wish may be on its way. */
const LINGERS_MS = MINUTE;

/** Whatever it waits for, it looks at the time so often. */
const LONGEST_SLEEP_MS = HOUR;

/** How the broker of an account ended. */
export interface EndedBroker {
  readonly reason: string;
}

/**
 * One reader for all nodes of an account, and the order in which they launch (P6). It is started by whoever needs it first, reads capacity
 * and fleet once for everybody, signals a grant for each launch slot and news to the owners of instances, and ends when nobody needs it. No
 * promise depends on it: it may be terminated at any moment, and whoever waits comes back.
 */
export async function accountBroker(input?: AccountBrokerInput): Promise<EndedBroker> {
  const state = new BrokerState(input);
  const reads = new BrokerReads(state);
  const version = new Version();
  const alarm = new Alarm('until the next look');
  const isToContinue = (): boolean => isFull() || version.isOutdated;
  let unneededSince: number | undefined;

  for (;;) {
    const before = state.changes;
    const now = Date.now();
    reads.throwDefect();
    state.tidy(now);
    reads.accept();
    await refuseHopeless(state, reads);
    await callTaken(state);
    const grantAt = await grantSlots(state, reads);
    const mayContinue = isToContinue() && reads.isIdle;
    const isQuiet = state.heardAt < Date.now() || workflowInfo().historyLength >= MOST_EVENTS;
    if (mayContinue && isQuiet) return continueOnCurrentVersion<typeof accountBroker>(state.carried());
    const lookAt = isToContinue() || reads.isUnneeded ? Infinity : reads.begin(Date.now(), grantAt);
    show(state);

    const isUnneeded = state.condemned.length === 0 && reads.isUnneeded;
    unneededSince = isUnneeded ? (unneededSince ?? now) : undefined;
    if (unneededSince !== undefined && now >= unneededSince + LINGERS_MS && state.changes === before) {
      return { reason: 'nobody waits, boots, ends or is kept' };
    }
    const endAt = unneededSince === undefined ? Infinity : unneededSince + LINGERS_MS;
    const forgetAt = Math.min(...state.condemned.map(({ until }) => until), now + LONGEST_SLEEP_MS);
    const continueAt = mayContinue ? now + CONTINUES_WITHIN_MS : Infinity;
    alarm.setBy(Math.min(grantAt, lookAt, endAt, forgetAt, continueAt));
    const { rings } = alarm;
    await condition(() => state.changes !== before || alarm.rings !== rings);
  }
}

function isFull(): boolean {
  const { historyLength, continueAsNewSuggested } = workflowInfo();
  return continueAsNewSuggested || historyLength >= EVENTS_PER_RUN;
}

/** So many grants go out at a time where launches are not limited. */
const MOST_GRANTS = 50;

/** Gives each open slot of the launch lane to the first in order; returns when the next one opens for somebody. */
async function grantSlots(state: BrokerState, reads: BrokerReads): Promise<number> {
  const sent: Promise<void>[] = [];
  try {
    return await nextSlots(state, reads, sent);
  } finally {
    await Promise.all(sent);
  }
}

async function nextSlots(state: BrokerState, reads: BrokerReads, sent: Promise<void>[]): Promise<number> {
  // Without a list of what lives nothing is known of lane, caps and names.
  if (state.fleet === undefined) return Infinity;
  for (;;) {
    const now = Date.now();
    const opensAt = state.grantsFrom;
    const ready = state.waiters.filter((waiter) => reads.keyOf(waiter) !== undefined);
    const { grant, hopeless } = nextGrant(ready, state.situation(now));
    for (const { waiter, type, reason } of hopeless) {
      const message = type === 'invalid_request' ? `invalid request: ${reason}` : reason;
      await refuse(state, waiter, { ticketId: waiter.ticketId, type, message });
    }
    if (grant === undefined) return Infinity;
    if (now < opensAt) return opensAt;
    if (sent.length >= MOST_GRANTS) return now;
    sent.push(send(state, reads, grant));
  }
}

async function send(state: BrokerState, reads: BrokerReads, { waiter, offering }: Grant): Promise<void> {
  const accountKey = reads.keyOf(waiter);
  if (accountKey === undefined) return;
  const { ticketId } = waiter;
  const now = Date.now();
  // Before it is sent: what it brings about may be told at once.
  const notBefore = state.granted(waiter, offering.priceCentsPerHour, now);
  const message = { ticketId, offering, accountKey, notBefore, validUntil: now + GRANT_VALID_MS };
  if (await signalled(waiter, grantSignal, message)) return;
  state.takenBack(waiter);
  state.changes += 1;
}

/** Those whose SSH key or region the account does not have. */
async function refuseHopeless(state: BrokerState, reads: BrokerReads): Promise<void> {
  for (const waiter of state.waiters) {
    const refusal = reads.refusalOf(waiter);
    if (refusal === undefined) continue;
    const { type, message } = refusal;
    await refuse(state, waiter, { ticketId: waiter.ticketId, type, message });
  }
}

/** They send their ticket again, learn of it, and find out whether it is their own keeper's. */
async function callTaken(state: BrokerState): Promise<void> {
  await Promise.all(state.foundTaken.splice(0).map((waiter) => signalled(waiter, sendTicketSignal)));
}

/** False: it is gone. */
async function signalled<Args extends unknown[]>(
  { name, runId }: Ticket,
  signal: SignalDefinition<Args>,
  ...args: Args
): Promise<boolean> {
  try {
    await getExternalWorkflowHandle(provisionNodeId(name), runId).signal(signal, ...args);
    return true;
  } catch (error) {
    if (!(error instanceof TemporalFailure)) throw error;
    log.info('account broker: a waiter is gone', { name, reason: messageOf(error) });
    return false;
  }
}

async function refuse(state: BrokerState, waiter: Ticket, message: RefuseMessage): Promise<void> {
  if (state.line.get(waiter.name)?.ticketId === message.ticketId) state.line.delete(waiter.name);
  await signalled(waiter, refuseSignal, message);
}

/** A list, not a table: the Temporal UI draws tables without borders. */
function show(state: BrokerState): void {
  const { line, underWay, fleet, condemned, settings } = state;
  const lines = [
    `${line.size} wait for capacity, ${underWay.size} launches under way`,
    fleet === undefined
      ? 'the fleet has not been listed yet'
      : `${fleet.instances} instances live in the account, $${(fleet.centsPerHour / 100).toFixed(2)} an hour`,
    fleet === undefined || settings === undefined
      ? undefined
      : `looks at the fleet every ${formatDuration(settings.everyMs[fleet.pace])}`,
    condemned.length === 0 ? undefined : `${condemned.length} GPUs remembered as broken`,
    state.trouble === undefined ? undefined : `**trouble:** ${state.trouble}`,
  ];
  setCurrentDetails(lines.flatMap((text) => (text === undefined ? [] : [`- ${text}`])).join('\n'));
}
