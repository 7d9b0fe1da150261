import { ApplicationFailure, TemporalFailure } from '@temporalio/common';
import { isCancellation, log } from '@temporalio/workflow';
import type { AccountKey } from '../contract/kept-node.ts';
import { ACCOUNT_FACTS_MS } from '../domain/deadlines.ts';
import { MINUTE, SECOND } from '../domain/durations.ts';
import { inOrder, isUnchecked, type Waiter } from '../domain/grants.ts';
import { asking, reading, temporal } from './activities.ts';
import { LEAD_MS, type BrokerState } from './broker-state.ts';
import { failureTypeOf, messageOf } from './failures.ts';

/** So many names are asked about in one list, and so many of those who wait are known before others are called: what goes into a step stays small. */
const MOST_NAMES = 100;

/** How often a failing look is tried again: with each failure twice as late as usual, up to this. */
const LONGEST_BACKOFF_MS = MINUTE;

/** No look is begun so shortly before a launch is sent, beyond the distance of two requests, or after: it should find the budget unused. */
const CLEAR_BEFORE_MS = 200;
const CLEAR_AFTER_MS = 500;

/** Requests that may be so near each other are not limited at all. */
const NO_LIMIT_MS = 50;

/** Those who were not called by then come by themselves. */
const CALL_MS = 5 * MINUTE;

type Look = 'capacity' | 'fleet' | 'facts' | 'call';

/** What the account says of an SSH key's name, or of regions: when it said yes last, and when no. */
interface Fact {
  readonly yes?: { readonly at: number; readonly key?: AccountKey };
  /** Why requests that ask for it cannot be served. */
  readonly no?: { readonly at: number; readonly type: string; readonly message: string };
}

/**
 * When the broker looks at what (P6): at capacity while somebody waits, at the fleet as soon as something is expected of it, at the account's
 * keys and regions when a ticket names some. One look of each kind at a time, in the background of the story, and never so often that the
 * account's budget is used up by looking.
 */
export class BrokerReads {
  readonly #state: BrokerState;
  readonly #running = new Set<Look>();
  readonly #failures: Record<Look, number> = { capacity: 0, fleet: 0, facts: 0, call: 0 };
  readonly #facts = new Map<string, Fact>();
  #begunAt: Partial<Record<Look, number>> = {};
  #lastLookAt = 0;
  #ownersAskedAt: number | undefined;
  /** Undefined: nobody has been asked yet. */
  #owners: number | undefined;
  #digest: string | undefined;
  /** Types that the last list of capacity was asked about. */
  #asked: ReadonlySet<string> = new Set();
  #launchAt = Infinity;
  /** When Lambda refused the worker's key last. */
  #unauthorized: Fact['no'];
  /** Of ours, not of the world: the workflow task has to fail by it. */
  #defect: Error | undefined;

  constructor(state: BrokerState) {
    this.#state = state;
  }

  /** Nothing is under way whose answer would be missed. */
  get isIdle(): boolean {
    return [...this.#running].every((look) => look === 'call');
  }

  /** A defect of ours fails the workflow task, which a mended worker repeats. */
  throwDefect(): void {
    if (this.#defect !== undefined) throw this.#defect;
  }

  /** Nobody waits, boots, ends or is kept. */
  get isUnneeded(): boolean {
    const { line, underWay, fleet, lookWanted } = this.#state;
    const isQuiet = fleet?.pace === 'quiet' && !lookWanted;
    return (
      this.isIdle && line.size === 0 && underWay.size === 0 && isQuiet && this.#owners === 0 && this.#areOwnersKnown
    );
  }

  /** Who runs was asked after somebody needed the broker last. */
  get #areOwnersKnown(): boolean {
    return this.#ownersAskedAt !== undefined && this.#ownersAskedAt > this.#state.neededAt;
  }

  /** The SSH key with which this waiter launches; undefined: not all that the account has to say to its request is known yet. */
  keyOf(waiter: Waiter): AccountKey | undefined {
    const isKnown = factsOf(waiter).every((question) => this.#isKnown(question, waiter));
    return isKnown ? this.#facts.get(keyFact(waiter.sshKeyName))?.yes?.key : undefined;
  }

  /** Notes of those who came what the account has said yes to. */
  accept(): void {
    for (const waiter of this.#state.waiters) {
      if (waiter.isAccepted !== true && this.keyOf(waiter) !== undefined)
        this.#state.line.set(waiter.name, { ...waiter, isAccepted: true });
    }
  }

  /** Why the account cannot serve this waiter; undefined: it can, as far as is known. */
  refusalOf(waiter: Waiter): { readonly type: string; readonly message: string } | undefined {
    // Who has come since, and no list has been read for yet: the worker's key does not work for it.
    if (isUnchecked(waiter) && (this.#unauthorized?.at ?? 0) >= waiter.receivedAt) return this.#unauthorized;
    if (waiter.isAccepted === true) return undefined;
    const questions = factsOf(waiter).filter((question) => !this.#isKnown(question, waiter));
    // One from before the ticket came says nothing about it: what was wrong may have been mended.
    return questions
      .flatMap((question) => this.#facts.get(question)?.no ?? [])
      .find(({ at }) => at >= waiter.receivedAt);
  }

  /** Whether the account has said yes, not long before the ticket came or since. */
  #isKnown(question: string, { receivedAt, isAccepted }: Waiter): boolean {
    const yes = this.#facts.get(question)?.yes;
    return yes !== undefined && (isAccepted === true || receivedAt < yes.at + ACCOUNT_FACTS_MS);
  }

  /** Begins what is due, and returns when to come again (milliseconds since the epoch). `launchAt`: when the next grant is due; Infinity: none. */
  begin(now: number, launchAt: number): number {
    this.#launchAt = launchAt;
    this.#begin('call', this.#callAt(now), now, () => this.#call());
    this.#begin('facts', this.#factsAt(now), now, () => this.#readFacts());
    this.#begin('fleet', this.#fleetAt(now), now, () => this.#readFleet());
    this.#begin('capacity', this.#capacityAt(now), now, () => this.#readCapacity());
    const next: readonly (readonly [Look, number])[] = [
      ['call', this.#callAt(now)],
      ['facts', this.#factsAt(now)],
      ['fleet', this.#fleetAt(now)],
      ['capacity', this.#capacityAt(now)],
    ];
    const waiting = next.flatMap(([look, at]) => (this.#running.has(look) ? [] : [at]));
    return Math.max(Math.min(...waiting), this.#budgetAt(now));
  }

  #begin(look: Look, at: number, now: number, run: () => Promise<void>): void {
    if (this.#running.has(look) || now < at) return;
    if (look !== 'call') {
      if (now < this.#budgetAt(now)) return;
      this.#lastLookAt = now;
    }
    this.#running.add(look);
    this.#begunAt[look] = now;
    run()
      .then(() => {
        this.#failures[look] = 0;
        this.#state.trouble = undefined;
      })
      .catch((error: unknown) => this.#failed(look, error))
      .finally(() => {
        this.#running.delete(look);
        this.#state.changes += 1;
      })
      .catch((error: unknown) => (this.#defect = asError(error)));
  }

  #failed(look: Look, error: unknown): void {
    if (!(error instanceof TemporalFailure)) this.#defect = asError(error);
    if (isCancellation(error)) return;
    this.#failures[look] += 1;
    this.#state.trouble = messageOf(error);
    log.warn('account broker: a look failed', { look, reason: messageOf(error) });
    const type = failureTypeOf(error);
    if (type === 'unauthorized') this.#unauthorized = { at: Date.now(), type, message: messageOf(error) };
    if (type === 'rate_limited') this.#state.pause(retryDelayOf(error) ?? 10 * SECOND, Date.now());
  }

  /** Not before that is anything asked of Lambda: its requests are so far apart, it may have asked for a pause, and a launch goes first. */
  #budgetAt(now: number): number {
    const { settings, pausedUntil, sendAt, laneFreeAt } = this.#state;
    const apartMs = settings?.requestIntervalMs ?? 0;
    const at = Math.max(now, this.#lastLookAt + (apartMs < NO_LIMIT_MS ? 0 : apartMs), pausedUntil);
    if (this.#state.laneMs < 2 * LEAD_MS) return at;
    // The launch that was granted last, and the one that will be granted next.
    const launches = [sendAt, ...(this.#launchAt === Infinity ? [] : [Math.max(laneFreeAt, this.#launchAt)])];
    return launches.reduce((free, launchAt) => {
      const isInTheWay = free > launchAt - apartMs - CLEAR_BEFORE_MS && free < launchAt + CLEAR_AFTER_MS;
      return isInTheWay ? launchAt + CLEAR_AFTER_MS : free;
    }, at);
  }

  #capacityAt(now: number): number {
    const { settings, line, snapshot } = this.#state;
    if (line.size === 0) return Infinity;
    const wanted = wantedTypes(this.#state.waiters);
    const isKnown = snapshot !== undefined && (snapshot.listedTypes === 0 || this.#hasAnswered(wanted));
    if (!isKnown) return this.#backedOff('capacity', now);
    const usual = (this.#begunAt.capacity ?? 0) + (settings?.capacityMs ?? 5 * SECOND);
    // What is listed will do: the next look is for the next slot of the lane.
    const calm = this.#launchAt === Infinity ? 0 : this.#launchAt - 3 * (settings?.requestIntervalMs ?? 0);
    return this.#backedOff('capacity', Math.max(usual, calm));
  }

  /** Whether the last list was asked about all of these. */
  #hasAnswered(wanted: readonly string[]): boolean {
    return wanted.every((name) => this.#asked.has(name));
  }

  async #readCapacity(): Promise<void> {
    const wanted = wantedTypes(this.#state.waiters);
    const isSame = this.#hasAnswered(wanted) && wanted.length === this.#asked.size;
    const answer = await reading('is there capacity?', 'capacity').readCapacity({
      wanted,
      ...(this.#digest === undefined || !isSame ? {} : { digest: this.#digest }),
    });
    const { snapshot } = this.#state;
    this.#asked = new Set(wanted);
    if (answer.kind === 'changed') this.#digest = answer.digest;
    if (answer.kind === 'changed') this.#state.read(answer.snapshot);
    else if (snapshot !== undefined) this.#state.read({ ...snapshot, readAt: answer.readAt });
  }

  #fleetAt(now: number): number {
    const { fleet, lookWanted, underWay, line } = this.#state;
    if (fleet === undefined) return this.#backedOff('fleet', now);
    const { everyMs, caps } = fleet.settings;
    const waiters = this.#state.waiters;
    const isNew = waiters.some(isUnchecked);
    const isNear = lookWanted || isNew || [...underWay.values()].some(({ instanceId }) => instanceId !== undefined);
    const hasCaps = caps.instances !== undefined || caps.centsPerHour !== undefined;
    const isBooting = waiters.some(({ takenBy }) => takenBy !== undefined) || (hasCaps && line.size > 0);
    // Where requests hardly cost anything: each list is a workflow task of this one, and work for the worker.
    const soonMs = Math.max(Math.min(everyMs.near, 2 * fleet.settings.requestIntervalMs), everyMs.near / 8);
    const every = isNear ? soonMs : isBooting ? Math.min(everyMs.boot, everyMs[fleet.pace]) : everyMs[fleet.pace];
    return this.#backedOff('fleet', (this.#begunAt.fleet ?? 0) + every);
  }

  async #readFleet(): Promise<void> {
    const state = this.#state;
    const begunAt = Date.now();
    const unknown = inOrder(state.waiters.filter(({ isNameFree }) => isNameFree !== true));
    // Those of whom nothing is known go first: a hundred held-up names must not keep the others from being asked about.
    const asked = [
      ...unknown.filter(({ takenBy }) => takenBy === undefined),
      ...unknown.filter(({ takenBy }) => takenBy !== undefined),
    ].slice(0, MOST_NAMES);
    const again = [...state.again].slice(0, MOST_NAMES);
    const quietMs = state.settings?.everyMs.quiet ?? 0;
    const isNoneExpected = state.line.size === 0 && state.underWay.size === 0 && state.fleet?.pace === 'quiet';
    const withOwners =
      this.#ownersAskedAt === undefined ||
      begunAt >= this.#ownersAskedAt + quietMs * 0.9 ||
      (isNoneExpected && !this.#areOwnersKnown);
    state.lookWanted = false;
    try {
      const fleet = await reading('what lives, boots and ends?', 'boot').readFleet({
        names: asked.map(({ name }) => name),
        expected: [...state.underWay.values()].flatMap(({ instanceId }) => instanceId ?? []).slice(0, MOST_NAMES),
        again,
        withOwners,
        ...(state.listedAt === undefined ? {} : { previousAt: state.listedAt }),
      });
      for (const token of again) state.again.delete(token);
      if (fleet.owners !== undefined) this.#owners = fleet.owners;
      if (fleet.owners !== undefined) this.#ownersAskedAt = begunAt;
      state.listed(fleet, asked, Date.now());
    } catch (error) {
      state.lookWanted = true;
      // It may have seen what the next list misses (P12).
      state.listedAt = undefined;
      throw error;
    }
  }

  #factsAt(now: number): number {
    return this.#unanswered() === undefined ? Infinity : this.#backedOff('facts', now);
  }

  /** The first question that a waiter's request asks and that was not answered of late. */
  #unanswered(): string | undefined {
    for (const waiter of this.#state.waiters) {
      const question = factsOf(waiter).find((each) => !this.#isKnown(each, waiter));
      if (question !== undefined) return question;
    }
    return undefined;
  }

  async #readFacts(): Promise<void> {
    const question = this.#unanswered();
    if (question === undefined) return;
    const { sshKeyName, regions } = JSON.parse(question) as { sshKeyName?: string; regions?: string[] };
    try {
      if (regions !== undefined) {
        await asking('check the region').checkRegions({ regions });
        this.#facts.set(question, { yes: { at: Date.now() } });
        return;
      }
      const name = sshKeyName === undefined || sshKeyName === '' ? {} : { name: sshKeyName };
      const key = await asking('check the SSH key').readSshKey(name);
      this.#facts.set(question, { yes: { at: Date.now(), key } });
    } catch (error) {
      const type = failureTypeOf(error);
      if (type !== 'invalid_request' && type !== 'unauthorized') throw error;
      const { yes } = this.#facts.get(question) ?? {};
      const no = { at: Date.now(), type, message: messageOf(error) };
      this.#facts.set(question, { no, ...(yes === undefined ? {} : { yes }) });
      // Those who were accepted once wait on, and ask again later.
      const isWaitedFor = this.#state.waiters.some(
        (waiter) => waiter.isAccepted === true && this.#lacks(question, waiter),
      );
      if (isWaitedFor) throw error;
    }
  }

  #lacks(question: string, waiter: Waiter): boolean {
    return factsOf(waiter).includes(question) && !this.#isKnown(question, waiter);
  }

  #callAt(now: number): number {
    return this.#state.hasCalled ? Infinity : this.#backedOff('call', now);
  }

  async #call(): Promise<void> {
    const except = this.#state.waiters.slice(0, MOST_NAMES).map(({ name }) => name);
    await temporal('call those who wait', { withinMs: CALL_MS }).callWaiters({ except });
    this.#state.hasCalled = true;
  }

  #backedOff(look: Look, usual: number): number {
    const failures = this.#failures[look];
    if (failures === 0) return usual;
    const backoff = Math.min((this.#state.settings?.everyMs.near ?? SECOND) * 2 ** failures, LONGEST_BACKOFF_MS);
    return Math.max(usual, (this.#begunAt[look] ?? 0) + backoff);
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

function wantedTypes(waiters: readonly Waiter[]): string[] {
  return [...new Set(waiters.flatMap(({ wishes }) => wishes.instanceTypes))].sort();
}

function keyFact(sshKeyName = ''): string {
  return JSON.stringify({ sshKeyName });
}

/** Ten thousand waiters are gone through again and again. */
const FACTS = new WeakMap<Waiter, readonly string[]>();

/** What the account is asked before this waiter may launch. */
function factsOf(waiter: Waiter): readonly string[] {
  const { sshKeyName, isAccepted, wishes } = waiter;
  const regions = isAccepted === true ? undefined : wishes.regions;
  const facts = FACTS.get(waiter) ?? [
    keyFact(sshKeyName),
    ...(regions === undefined ? [] : [JSON.stringify({ regions })]),
  ];
  FACTS.set(waiter, facts);
  return facts;
}

function retryDelayOf(error: unknown): number | undefined {
  const cause = error instanceof ApplicationFailure ? error : (error as { readonly cause?: unknown }).cause;
  const delay: unknown = cause instanceof ApplicationFailure ? cause.nextRetryDelay : undefined;
  return typeof delay === 'number' ? delay : undefined;
}
