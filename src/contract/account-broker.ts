import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { CondemnedGpu } from '../domain/condemned-gpus.ts';
import type { Ticket, Waiter } from '../domain/grants.ts';
import type { Offering, Refusal } from '../domain/offerings.ts';
import type { AccountKey } from './kept-node.ts';

// What the broker of an account is told, and tells: our workflows among themselves. Read leniently, additive only (P13).

/** To the broker, and from one of its runs to the next. */
export interface AccountBrokerInput {
  readonly condemnedGpus?: readonly CondemnedGpu[];
  readonly line?: readonly Waiter[];
  readonly refusals?: readonly Refusal[];
  readonly underWay?: readonly LaunchUnderWay[];
  /** When the next launch may be sent, in milliseconds since the epoch. */
  readonly laneFreeAt?: number;
  /** Lambda asked for a pause until then. */
  readonly pausedUntil?: number;
  /** When the fleet was listed last. */
  readonly listedAt?: number;
  /** It has called those who wait. */
  readonly hasCalled?: boolean;
}

/** A grant of which the list does not show the instance yet. Times in milliseconds since the epoch. */
export interface LaunchUnderWay {
  readonly name: string;
  readonly runId: string;
  readonly ticketId: string;
  readonly centsPerHour: number;
  readonly grantedAt: number;
  /** Once the launch was accepted. */
  readonly instanceId?: string;
}

/** I wait for capacity. Starts the broker where none runs; the same run's earlier ticket is replaced. */
export const ticketSignal = defineSignal<[Ticket]>('ticket');

/** The same, of several at once. */
export const ticketsSignal = defineSignal<[readonly Ticket[]]>('tickets');

/** I do not wait any more. */
export const leaveSignal = defineSignal<[{ readonly name: string; readonly runId: string }]>('leave');

/** What came of the launch for which a grant was given, as far as its answer says. Times in milliseconds since the epoch. */
export interface LaunchOutcome {
  readonly name: string;
  /** Of the grant. */
  readonly ticketId?: string;
  readonly instanceType: string;
  readonly region: string;
  readonly outcome: 'accepted' | 'refused' | 'unknown';
  /** Of a refusal, a FailureType. */
  readonly failure?: string;
  readonly instanceId?: string;
  /** When the request left; undefined: it did not. */
  readonly sentAt?: number;
  readonly retryAfterMs?: number;
}

export const launchOutcomeSignal = defineSignal<[LaunchOutcome]>('launchOutcome');

export interface LookWish {
  readonly launchToken?: string;
  /** Only if the last look is older than those at a quiet fleet are apart: it should be awake, that is all. */
  readonly ifOlder?: boolean;
}

/** Look at the fleet soon, and tell the owner of this launch what there is, even if that was told before. Starts the broker where none runs. */
export const lookSignal = defineSignal<[LookWish]>('look');

/** Lambda answered 429 somewhere: nobody reads or launches for so long, in milliseconds. */
export const pauseSignal = defineSignal<[{ readonly forMs: number }]>('pause');

/** GPUs that made a machine be condemned just now. */
export interface Condemnation {
  readonly uuids: readonly string[];
  /** For people. */
  readonly reason: string;
  /** How long that is remembered, in milliseconds. */
  readonly forMs: number;
}

/** Remember these: machines with them that do not work at first sight are given up at once. Starts the broker where none runs. */
export const condemnGpusSignal = defineSignal<[Condemnation]>('condemnGpus');

/** Forget these: they were seen to work. */
export const clearGpusSignal = defineSignal<[{ readonly uuids: readonly string[] }]>('clearGpus');

export const condemnedGpusQuery = defineQuery<readonly CondemnedGpu[]>('condemnedGpus');

/** One who waits for capacity. Times in ISO 8601. */
export interface WaitingNode {
  readonly name: string;
  /** From 1. */
  readonly place: number;
  /** 1 goes first, 5 last. */
  readonly priority: number;
  readonly since: string;
  readonly until: string;
  readonly instanceTypes: readonly string[];
  /** Absent: any region. */
  readonly regions?: readonly string[];
  readonly maxPricePerHourUsd?: number;
  /** Why it waits, in one sentence. */
  readonly reason: string;
  /** The id of a living instance that has its name: it launches nothing while there is one. */
  readonly takenBy?: string;
}

/** The line of an account, in the order in which it is served. */
export interface WaitingLine {
  /** How many wait in all. */
  readonly total: number;
  /** The first of them. */
  readonly nodes: readonly WaitingNode[];
  /** What keeps the broker from looking just now. */
  readonly trouble?: string;
}

/** The line, or one name's place in it. */
export const waitingLineQuery = defineQuery<WaitingLine, [{ readonly name?: string; readonly most?: number }?]>(
  'waitingLine',
);

// From the broker to those who wait, and to the owners of instances.

/** You may launch this now. */
export interface GrantMessage {
  readonly ticketId: string;
  readonly offering: Offering;
  /** The SSH key to launch with, as the account has it. */
  readonly accountKey: AccountKey;
  /** The launch may be sent from then on, in milliseconds since the epoch: a little later than it can be there. */
  readonly notBefore?: number;
  /** After that it has gone to another, in milliseconds since the epoch. */
  readonly validUntil: number;
}

export const grantSignal = defineSignal<[GrantMessage]>('grant');

/** Waiting is of no use: your request can never be served as it is. */
export interface RefuseMessage {
  readonly ticketId: string;
  /** A FailureType. */
  readonly type: string;
  readonly message: string;
}

export const refuseSignal = defineSignal<[RefuseMessage]>('refuse');

/** What the list of all instances says about an owner's instance. */
export interface InstanceNews {
  readonly launchToken: string;
  readonly instanceId: string;
  /** Lambda's word; `missing`: a complete list did not have it. A step towards proof, not proof (P12). */
  readonly status: string;
  readonly address?: string;
  /** When that list was asked for, in milliseconds since the epoch. */
  readonly at: number;
  /** Of a missing one: no list that was asked for after this time had it either. Absent: not known. */
  readonly lastListedBy?: number;
}

export const newsSignal = defineSignal<[InstanceNews]>('instanceNews');

/** Of an instance that was expected in a complete list and was not there. No word of Lambda's. */
export const MISSING = 'missing';

/** To those who wait: there is a broker that does not know you; send your ticket. */
export const sendTicketSignal = defineSignal('sendTicket');
