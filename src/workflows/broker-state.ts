import { setHandler } from '@temporalio/workflow';
import type { BrokerSettings, FleetView } from '../activities/types.ts';
import {
  clearGpusSignal,
  condemnedGpusQuery,
  condemnGpusSignal,
  launchOutcomeSignal,
  leaveSignal,
  lookSignal,
  pauseSignal,
  ticketSignal,
  ticketsSignal,
  waitingLineQuery,
  type AccountBrokerInput,
  type LaunchOutcome,
  type LaunchUnderWay,
  type WaitingLine,
} from '../contract/account-broker.ts';
import { readLaunchOutcome, readTicket } from '../contract/read-broker-messages.ts';
import {
  readCondemnation,
  readCondemned,
  stillCondemned,
  withCondemned,
  withoutGpus,
  type CondemnedGpu,
} from '../domain/condemned-gpus.ts';
import { GRANT_FORGOTTEN_MS, GRANT_VALID_MS, LAUNCH_UNLISTED_MS } from '../domain/deadlines.ts';
import { MINUTE, SECOND } from '../domain/durations.ts';
import {
  bestOf,
  placeOf,
  stillWaiting,
  waitingLine,
  type Load,
  type Situation,
  type Ticket,
  type Waiter,
} from '../domain/grants.ts';
import { withRefusal, withSnapshot, type CapacitySnapshot, type Refusal } from '../domain/offerings.ts';

/** So many tickets go along when the broker continues as new; whoever is left behind comes back by itself. */
export const MOST_CARRIED = 1_000;

/** So many of the line are shown unless fewer are asked for. */
const MOST_SHOWN = 1_000;

/** A pause that Lambda's answer does not put a time to, and the longest that is believed. */
const PAUSE_MS = 10 * SECOND;
const LONGEST_PAUSE_MS = 10 * MINUTE;

/** How long nobody launches after a refusal that says something about the account or about Lambda's health, not about an offering. */
const HOLD_MS: Readonly<Record<string, number>> = { quota_exceeded: MINUTE, provider_unavailable: 15 * SECOND };

/** Below this there is no lane: the limits of an account are seconds. */
const SHORTEST_LANE_MS = 100;

/** From a grant to its launch request it takes a second or less: grants are given so much earlier, and the launch waits for its time in the worker. */
export const LEAD_MS = 2 * SECOND;

/**
 * All that the broker knows. Messages change it at once, wherever the story stands; what they say may be of another version, and what cannot
 * be read is passed over (P13).
 */
export class BrokerState {
  readonly line = new Map<string, Waiter>();
  /** Grants of which the list does not show the instance yet, by name. */
  readonly underWay = new Map<string, LaunchUnderWay>();
  /** Of whom the last list showed that their name is taken. */
  readonly foundTaken: Waiter[] = [];
  /** Tokens whose owners want to be told again. */
  readonly again = new Set<string>();
  refusals: readonly Refusal[];
  condemned: readonly CondemnedGpu[];
  snapshot: CapacitySnapshot | undefined;
  fleet: FleetView | undefined;
  /** When the last list of instances had been answered. */
  listedAt: number | undefined;
  /** When the next launch may be sent. */
  laneFreeAt: number;
  /** When the last grant's launch is expected to be sent, or was. */
  sendAt = 0;
  #lastGranted: string | undefined;
  pausedUntil: number;
  /** Somebody asked for a look at the fleet. */
  lookWanted = false;
  /** When somebody needed the broker last. */
  neededAt = Date.now();
  hasCalled: boolean;
  /** What goes wrong with the looks just now, for people. */
  trouble: string | undefined;
  /** Grows with whatever happens. */
  changes = 0;
  /** When the last message came. */
  heardAt = 0;

  constructor(input: unknown) {
    const given = fieldsOf(input) as AccountBrokerInput;
    this.condemned = readCondemned(given.condemnedGpus);
    this.refusals = listOf(given.refusals) as readonly Refusal[];
    for (const waiter of listOf(given.line) as readonly Waiter[])
      if (readTicket(waiter) !== undefined) this.line.set(waiter.name, waiter);
    for (const launch of listOf(given.underWay) as readonly LaunchUnderWay[]) this.underWay.set(launch.name, launch);
    this.laneFreeAt = numberOr(given.laneFreeAt, 0);
    this.pausedUntil = numberOr(given.pausedUntil, 0);
    this.listedAt = typeof given.listedAt === 'number' ? given.listedAt : undefined;
    this.hasCalled = given.hasCalled === true;
    this.#listen();
  }

  /** For the next run. */
  carried(): AccountBrokerInput {
    return {
      condemnedGpus: this.condemned,
      line: bestOf([...this.line.values()], MOST_CARRIED),
      refusals: this.refusals,
      underWay: [...this.underWay.values()],
      laneFreeAt: this.laneFreeAt,
      pausedUntil: this.pausedUntil,
      hasCalled: this.hasCalled,
      ...(this.listedAt === undefined ? {} : { listedAt: this.listedAt }),
    };
  }

  get settings(): BrokerSettings | undefined {
    return this.fleet?.settings;
  }

  get waiters(): readonly Waiter[] {
    return [...this.line.values()];
  }

  /** Forgets whose time has passed. */
  tidy(now: number): void {
    this.condemned = stillCondemned(this.condemned, now);
    const waiting = new Set(stillWaiting(this.waiters, now));
    for (const waiter of this.waiters) if (!waiting.has(waiter)) this.line.delete(waiter.name);
    for (const { name, grantedAt, instanceId } of this.underWay.values()) {
      const kept = instanceId === undefined ? GRANT_FORGOTTEN_MS : LAUNCH_UNLISTED_MS;
      if (now >= grantedAt + kept) this.underWay.delete(name);
    }
  }

  situation(now: number): Situation {
    const { snapshot, refusals } = this;
    return { snapshot, refusals, caps: this.settings?.caps ?? {}, load: this.#load(), now };
  }

  /** What lives, and what was granted and is in no list yet. */
  #load(): Load {
    const launches = [...this.underWay.values()];
    return {
      instances: (this.fleet?.instances ?? 0) + launches.length,
      centsPerHour: (this.fleet?.centsPerHour ?? 0) + launches.reduce((sum, { centsPerHour }) => sum + centsPerHour, 0),
    };
  }

  read(snapshot: CapacitySnapshot): void {
    this.refusals = withSnapshot(this.refusals, this.snapshot, snapshot);
    this.snapshot = snapshot;
  }

  /** A list of all instances, newer than the tickets of those that it was asked about. */
  listed(answer: FleetView, asked: readonly Waiter[], now: number): void {
    const fleet = readFleetView(answer, this.settings);
    this.fleet = fleet;
    this.listedAt = now;
    for (const { name, runId, ticketId } of asked) {
      const waiter = this.line.get(name);
      if (waiter === undefined || waiter.runId !== runId || waiter.ticketId !== ticketId) continue;
      const taken = fleet.taken.find((instance) => instance.name === name);
      this.line.set(name, taken === undefined ? freed(waiter) : { ...waiter, takenBy: taken.instanceId });
      if (taken !== undefined && waiter.takenBy === undefined) this.foundTaken.push(waiter);
    }
    for (const { name, instanceId } of this.underWay.values()) {
      if (instanceId !== undefined && fleet.listed.includes(instanceId)) this.underWay.delete(name);
    }
    // A broker that has just begun knows of no launch but what the list shows.
    this.laneFreeAt = Math.max(this.laneFreeAt, (fleet.lastLaunchAt ?? 0) + this.laneMs);
  }

  /** Between two launches; 0: they are not limited. */
  get laneMs(): number {
    const laneMs = this.settings?.launchIntervalMs ?? 0;
    return laneMs >= SHORTEST_LANE_MS ? laneMs : 0;
  }

  /** When the next grant may be given. */
  get grantsFrom(): number {
    return Math.max(this.laneFreeAt - Math.min(LEAD_MS, this.laneMs / 2), this.pausedUntil);
  }

  /** Takes the waiter out of the line, and the slot for it. Returns when its launch may be sent. */
  granted(waiter: Waiter, centsPerHour: number, now: number): number {
    const { name, runId, ticketId } = waiter;
    this.line.delete(name);
    this.underWay.set(name, { name, runId, ticketId, centsPerHour, grantedAt: now });
    this.sendAt = Math.max(now, this.laneFreeAt);
    this.laneFreeAt = this.sendAt + this.laneMs;
    this.#lastGranted = ticketId;
    return this.sendAt;
  }

  /** The waiter was gone: the slot is the next one's. */
  takenBack({ name, ticketId }: Pick<Waiter, 'name' | 'ticketId'>): void {
    if (this.underWay.get(name)?.ticketId === ticketId) this.underWay.delete(name);
    if (this.#lastGranted === ticketId) this.laneFreeAt = this.sendAt;
  }

  pause(ms: number, now: number): void {
    this.pausedUntil = Math.max(this.pausedUntil, now + Math.min(ms, LONGEST_PAUSE_MS));
  }

  #listen(): void {
    const heard =
      <T>(take: (told: T, now: number) => void) =>
      (told: T): void => {
        this.heardAt = Date.now();
        take(told, this.heardAt);
        this.changes += 1;
      };
    setHandler(
      ticketSignal,
      heard((told, now) => this.#join(readTicket(told), now)),
      {
        description: 'I wait for capacity.',
      },
    );
    setHandler(
      ticketsSignal,
      heard((told, now) => listOf(told).forEach((ticket) => this.#join(readTicket(ticket), now))),
      {
        description: 'We wait for capacity.',
      },
    );
    setHandler(
      leaveSignal,
      heard((told) => this.#leave(fieldsOf(told))),
      {
        description: 'I do not wait any more.',
      },
    );
    setHandler(
      launchOutcomeSignal,
      heard((told, now) => this.#conclude(readLaunchOutcome(told), now)),
      {
        description: 'What came of a launch.',
      },
    );
    setHandler(
      lookSignal,
      heard((told, now) => {
        const { launchToken, ifOlder } = fieldsOf(told);
        if (typeof launchToken === 'string') this.again.add(launchToken);
        this.neededAt = now;
        const isFresh = this.fleet !== undefined && now < this.fleet.at + this.fleet.settings.everyMs.quiet;
        if (ifOlder !== true || !isFresh) this.lookWanted = true;
      }),
      { description: 'Look at the fleet.' },
    );
    setHandler(
      pauseSignal,
      heard((told, now) => this.pause(numberOr(fieldsOf(told)['forMs'], PAUSE_MS), now)),
      {
        description: 'Lambda answered 429.',
      },
    );
    setHandler(
      condemnGpusSignal,
      heard((told, now) => (this.condemned = withCondemned(this.condemned, readCondemnation(told, now)))),
      { description: 'Remember these GPUs.' },
    );
    setHandler(
      clearGpusSignal,
      heard((told) => {
        const { uuids } = fieldsOf(told);
        this.condemned = withoutGpus(this.condemned, Array.isArray(uuids) ? uuids : []);
      }),
      { description: 'Forget these GPUs: they work.' },
    );
    setHandler(condemnedGpusQuery, () => stillCondemned(this.condemned, Date.now()), {
      description: 'The GPUs that made machines be condemned of late.',
    });
    setHandler(waitingLineQuery, (asked) => this.#shown(asked), {
      description: 'Who waits for capacity, for what, since when, at which place and why.',
    });
  }

  #join(ticket: Ticket | undefined, now: number): void {
    if (ticket === undefined) return;
    this.neededAt = now;
    const { name, runId, ticketId } = ticket;
    const launch = this.underWay.get(name);
    // It was sent before its grant had come: that one is on its way.
    if (launch?.ticketId === ticketId && now < launch.grantedAt + GRANT_VALID_MS) return;
    const before = this.line.get(name);
    // The run that waits has the name: what it launched before, it has undone.
    const isNameFree = launch?.runId === runId || (before?.runId === runId && before.isNameFree === true);
    const isAccepted = launch?.runId === runId || (before?.runId === runId && before.isAccepted === true);
    this.underWay.delete(name);
    const { takenBy } = before?.runId === runId ? before : {};
    this.line.set(name, { ...ticket, receivedAt: now, isNameFree, isAccepted, takenBy });
  }

  #leave({ name, runId }: Readonly<Record<string, unknown>>): void {
    if (typeof name !== 'string') return;
    if (this.line.get(name)?.runId === runId) this.line.delete(name);
    // A grant that crossed it on the way is not taken.
    const launch = this.underWay.get(name);
    if (launch !== undefined && launch.runId === runId && launch.instanceId === undefined) this.takenBack(launch);
  }

  #conclude(told: LaunchOutcome | undefined, now: number): void {
    if (told === undefined) return;
    const { name, ticketId, outcome, failure, instanceId, instanceType, region, sentAt, retryAfterMs } = told;
    this.neededAt = now;
    // One that comes late may be of a launch before the one under way.
    const known = this.underWay.get(name);
    const launch = ticketId === undefined || known?.ticketId === ticketId ? known : undefined;
    // Of the last grant this is exact, unless the worker's clock is wrong; of one before it, or of another broker's, it is the least.
    const isLast = launch !== undefined && launch.ticketId === this.#lastGranted;
    const left = sentAt === undefined ? undefined : Math.max(Math.min(sentAt, now), isLast ? this.sendAt : 0);
    const freeAt = left === undefined ? now : left + this.laneMs;
    this.laneFreeAt = isLast ? freeAt : Math.max(this.laneFreeAt, freeAt);
    if (outcome === 'accepted') {
      // It may have been granted by a broker before this one.
      const unknown = { name, runId: '', ticketId: ticketId ?? '', centsPerHour: 0, grantedAt: now };
      if (instanceId !== undefined) this.underWay.set(name, { ...(launch ?? unknown), instanceId });
      this.lookWanted = true;
    }
    if (outcome !== 'refused') return;
    if (launch !== undefined) this.underWay.delete(name);
    if (failure === 'capacity_unavailable') this.refusals = withRefusal(this.refusals, { instanceType, region }, now);
    if (failure === 'rate_limited') this.pause(retryAfterMs ?? PAUSE_MS, now);
    if (sentAt !== undefined) this.laneFreeAt = Math.max(this.laneFreeAt, now + (HOLD_MS[failure ?? ''] ?? 0));
  }

  #shown(asked: { readonly name?: string; readonly most?: number } | undefined): WaitingLine {
    const { name, most = MOST_SHOWN } = asked ?? {};
    const situation = this.situation(Date.now());
    const places =
      name === undefined ? waitingLine(this.waiters, situation, most) : placeOf(name, this.waiters, situation);
    return {
      total: this.line.size,
      ...(this.trouble === undefined ? {} : { trouble: this.trouble }),
      nodes: places.map(({ wishes, waitingSince, until, ...place }) => ({
        ...place,
        since: new Date(waitingSince).toISOString(),
        until: new Date(until).toISOString(),
        instanceTypes: wishes.instanceTypes,
        ...(wishes.regions === undefined ? {} : { regions: wishes.regions }),
        ...(wishes.maxPriceCentsPerHour === undefined ? {} : { maxPricePerHourUsd: wishes.maxPriceCentsPerHour / 100 }),
      })),
    };
  }
}

const USUAL: BrokerSettings = {
  caps: {},
  requestIntervalMs: 1_100,
  launchIntervalMs: 13 * SECOND,
  capacityMs: 5 * SECOND,
  everyMs: { near: 2 * SECOND, boot: 10 * SECOND, end: 15 * SECOND, quiet: 4 * MINUTE },
};

/** The answer of a worker that may be of another version: what it does not say is as before, or as usual. */
function readFleetView(answer: Partial<FleetView>, before: BrokerSettings = USUAL): FleetView {
  const nothing = { at: 0, instances: 0, centsPerHour: 0, taken: [], listed: [], pace: 'near' } as const;
  return { ...nothing, ...answer, settings: { ...before, ...answer.settings } };
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function freed(waiter: Waiter): Waiter {
  return { ...waiter, isNameFree: true, takenBy: undefined };
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function numberOr(value: unknown, otherwise: number): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : otherwise;
}
