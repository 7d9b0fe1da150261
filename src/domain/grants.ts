import { CAPACITY_STALE_MS, TICKET_KEPT_MS } from './deadlines.ts';
import type { CapacitySnapshot, Choice, Offering, Refusal, Wishes } from './offerings.ts';
import { chooseOffering } from './offerings.ts';

// Who of those that wait for capacity may launch next (P6). Pure: the broker of the account asks this whenever a launch slot opens.

/** What a provision that waits for capacity tells the broker. All times in milliseconds since the epoch. */
export interface Ticket {
  readonly name: string;
  /** The run that waits: whom a grant is sent to. */
  readonly runId: string;
  /** Of this wait; an answer names it. */
  readonly ticketId: string;
  readonly wishes: Wishes;
  /** 1 goes first, 5 last. */
  readonly priority: number;
  /** When the provision was asked for. Sent again after a refusal, or to another broker, a ticket has its old place by it. */
  readonly arrivedAt: number;
  /** When the wait ends. */
  readonly until: number;
  /** Name of the SSH key to launch with; undefined: the worker's. */
  readonly sshKeyName?: string;
}

/** A ticket in the line. */
export interface Waiter extends Ticket {
  readonly receivedAt: number;
  /** A complete list, newer than the ticket, showed no live instance of that name. */
  readonly isNameFree?: boolean;
  /** The account had what its request names, when it came: a key that is refused for a moment ends no wait of days. */
  readonly isAccepted?: boolean;
  /** The living instance that has its name already: it gets no grant, whatever the capacity. */
  readonly takenBy?: string | undefined;
}

/** What the account may have at a time. */
export interface Caps {
  readonly instances?: number;
  readonly centsPerHour?: number;
}

/** What lives in the account, launches under way included. */
export interface Load {
  readonly instances: number;
  readonly centsPerHour: number;
}

export interface Situation {
  readonly snapshot: CapacitySnapshot | undefined;
  readonly refusals: readonly Refusal[];
  readonly caps: Caps;
  readonly load: Load;
  readonly now: number;
}

export interface Grant {
  readonly waiter: Waiter;
  readonly offering: Offering;
}

/** One that can never be served, as its request stands. */
export interface Hopeless {
  readonly waiter: Waiter;
  readonly type: 'invalid_request' | 'price_too_high';
  readonly reason: string;
}

/** Priority, then arrival. */
export function inOrder<T extends Ticket>(waiters: readonly T[]): T[] {
  return [...waiters].sort(comesFirst);
}

function comesFirst(a: Ticket, b: Ticket): number {
  return a.priority - b.priority || a.arrivedAt - b.arrivedAt || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
}

/**
 * The first waiter, in order, for whom there is an offering; and those for whom there can be none. One who is held up, by its name, the caps
 * or for want of capacity, is passed over and keeps its place.
 */
export function nextGrant(
  waiters: readonly Waiter[],
  situation: Situation,
): { readonly grant?: Grant; readonly hopeless: readonly Hopeless[] } {
  const hopeless: Hopeless[] = [];
  const choices = new Choices(situation);
  let grant: Grant | undefined;
  let unchecked: Waiter | undefined;
  for (const waiter of waiters) {
    const choice = choices.of(waiter);
    if (choice.kind === 'hopeless') hopeless.push({ waiter, type: choice.type, reason: choice.reason });
    if (choice.kind !== 'offering') continue;
    if (isUnchecked(waiter)) {
      if (unchecked === undefined || comesFirst(waiter, unchecked) < 0) unchecked = waiter;
    } else if (obstacleOf(waiter, choice.offering, situation) === undefined) {
      if (grant === undefined || comesFirst(waiter, grant.waiter) < 0) grant = { waiter, offering: choice.offering };
    }
  }
  // Whoever is first waits for the next list a moment only: nobody is let past meanwhile.
  const isHeld = grant !== undefined && unchecked !== undefined && comesFirst(unchecked, grant.waiter) < 0;
  return { ...(grant === undefined || isHeld ? {} : { grant }), hopeless };
}

/** One place in the line, for people. */
export interface Place {
  readonly name: string;
  /** From 1. */
  readonly place: number;
  readonly priority: number;
  readonly waitingSince: number;
  readonly until: number;
  readonly wishes: Wishes;
  /** Why it waits, in one sentence. */
  readonly reason: string;
  readonly takenBy?: string;
}

/** The first so many of the line, in order. */
export function waitingLine(waiters: readonly Waiter[], situation: Situation, most: number): readonly Place[] {
  const choices = new Choices(situation);
  return inOrder(waiters)
    .slice(0, most)
    .map((waiter, index) => shown(waiter, index + 1, reasonOf(waiter, choices.of(waiter), situation)));
}

/** The one place of a name in the line, if it waits. */
export function placeOf(name: string, waiters: readonly Waiter[], situation: Situation): readonly Place[] {
  const waiter = waiters.find((each) => each.name === name);
  if (waiter === undefined) return [];
  const before = waiters.filter((other) => comesFirst(other, waiter) < 0).length;
  return [shown(waiter, before + 1, reasonOf(waiter, new Choices(situation).of(waiter), situation))];
}

function shown(waiter: Waiter, place: number, reason: string): Place {
  const { name, priority, arrivedAt, until, wishes, takenBy } = waiter;
  const taken = takenBy === undefined ? {} : { takenBy };
  return { name, place, priority, waitingSince: arrivedAt, until, wishes, reason, ...taken };
}

/** Those still wanted: in their time, and sent again of late. */
export function stillWaiting(waiters: readonly Waiter[], now: number): Waiter[] {
  return waiters.filter(({ until, receivedAt }) => now < until && now < receivedAt + TICKET_KEPT_MS);
}

/** So many of each kind of wish are carried, however low their priority: the first of those who want what nobody else does. */
const OF_EACH_KIND = 20;

/**
 * The best so many, for a broker that hands its line on. Whoever is left behind comes back by itself when it sends its ticket again: until
 * then those carried must not leave a slot unused that only it would have taken.
 */
export function bestOf(waiters: readonly Waiter[], most: number): Waiter[] {
  const ordered = inOrder(waiters);
  if (ordered.length <= most) return ordered;
  const counts = new Map<string, number>();
  const firstOfKind = ordered.filter((waiter) => {
    const count = (counts.get(kindOf(waiter)) ?? 0) + 1;
    counts.set(kindOf(waiter), count);
    return count <= OF_EACH_KIND;
  });
  const carried = new Set(firstOfKind.slice(0, most));
  for (const waiter of ordered) {
    if (carried.size >= most) break;
    carried.add(waiter);
  }
  return ordered.filter((waiter) => carried.has(waiter));
}

/** A thousand waiters have a handful of wishes: each is answered once. */
class Choices {
  readonly #situation: Situation;
  readonly #known = new Map<string, Choice>();

  constructor(situation: Situation) {
    this.#situation = situation;
  }

  of({ wishes, arrivedAt }: Waiter): Choice {
    const { snapshot, refusals, now } = this.#situation;
    if (snapshot === undefined || now > snapshot.readAt + CAPACITY_STALE_MS)
      return { kind: 'none', reason: 'the list of capacity has not been read of late' };
    const key = keyOf(wishes);
    const known = this.#known.get(key);
    // Only in what is not listed does it matter who asks: whoever has waited long may try.
    if (known !== undefined && known.kind !== 'none') return known;
    if (known !== undefined && wishes.regions === undefined) return known;
    const choice = chooseOffering(wishes, snapshot, refusals, now, arrivedAt);
    this.#known.set(key, choice);
    return choice;
  }
}

function reasonOf(waiter: Waiter, choice: Choice, situation: Situation): string {
  if (choice.kind !== 'offering') return takenOf(waiter) ?? choice.reason;
  const { instanceType, region } = choice.offering;
  return (
    obstacleOf(waiter, choice.offering, situation) ?? `next in turn for a launch slot: ${instanceType} in ${region}`
  );
}

/** The broker sees instances, not owners: whether a keeper has it, the one who waits finds out. */
function takenOf({ name, takenBy }: Waiter): string | undefined {
  if (takenBy === undefined) return undefined;
  return `an instance named ${name} lives in the account already (${takenBy}): it has to be ended, adopted or released`;
}

function obstacleOf(waiter: Waiter, offering: Offering, { caps, load }: Situation): string | undefined {
  const taken = takenOf(waiter);
  if (taken !== undefined) return taken;
  if (isUnchecked(waiter)) return 'no list of instances newer than its request yet';
  if (caps.instances !== undefined && load.instances >= caps.instances)
    return `the account has ${load.instances} of at most ${caps.instances} instances`;
  if (caps.centsPerHour !== undefined && load.centsPerHour + offering.priceCentsPerHour > caps.centsPerHour)
    return `the account costs $${(load.centsPerHour / 100).toFixed(2)} of at most $${(caps.centsPerHour / 100).toFixed(2)} an hour`;
  return undefined;
}

/** No list of instances newer than its ticket has been read. */
export function isUnchecked({ isNameFree, takenBy }: Waiter): boolean {
  return isNameFree !== true && takenBy === undefined;
}

function kindOf({ wishes, priority }: Waiter): string {
  return `${priority} ${keyOf(wishes)}`;
}

/** Ten thousand waiters are gone through again and again: each one's wishes are written out once. */
const KEYS = new WeakMap<Wishes, string>();

function keyOf(wishes: Wishes): string {
  const known = KEYS.get(wishes) ?? JSON.stringify(wishes);
  KEYS.set(wishes, known);
  return known;
}
