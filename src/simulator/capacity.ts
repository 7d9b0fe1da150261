import { onOffWindows, type Presence } from './capacity-process.ts';
import type { InstanceTypeSpec, RegionSpec } from './catalogue.ts';
import type { Clock } from './clock.ts';
import { seededRandom, type Random } from './random.ts';

/**
 * How much room the simulated cloud has. `slots` always counts the instances an offering can hold at once, those that run included;
 * a launch takes one, and it comes back when the instance is terminated in truth, not at the terminate call.
 */
export type CapacityModel =
  /** Room for `slots` (default 64) of every type wherever it is sold. */
  | { readonly kind: 'plentiful'; readonly slots?: number }
  /** No room anywhere, until `controls.setCapacity` makes some. */
  | { readonly kind: 'none' }
  /** Room in these windows only, also where the catalogue does not sell the type. */
  | { readonly kind: 'schedule'; readonly windows: readonly CapacityWindow[] }
  /** Comes and goes as it was watched doing in August and October 2026 (§8.14): `slots` (default 4) while it is there. */
  | { readonly kind: 'on-off'; readonly slots?: number };

/** Times in simulated milliseconds since the simulator's start; `toMs` is exclusive. */
export interface CapacityWindow {
  readonly type: string;
  readonly region: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly slots: number;
}

/** What the list of capacity is worth (§8.15). */
export interface CapacityHints {
  /** The list is a snapshot up to this old. Default 0: always fresh. Lambda's is thought to lag by about 30 000. */
  readonly staleMs?: number;
  /** How often a launch is refused although there is room. Default 0; 3 of 11 were seen for the 1x H100. */
  readonly refuseProbability?: number;
  /** How often an offering with room is missing from the list. Default 0. */
  readonly unlistedProbability?: number;
}

const DEFAULT_SLOTS = 64;
const DEFAULT_ON_OFF_SLOTS = 4;

export class Capacity {
  readonly #model: CapacityModel;
  readonly #hints: Required<CapacityHints>;
  readonly #types: ReadonlyMap<string, InstanceTypeSpec>;
  readonly #regions: readonly RegionSpec[];
  readonly #clock: Clock;
  readonly #startedAt: number;
  readonly #seed: number;
  readonly #hintRandom: Random;
  /** The places taken in each offering. A place is a piece of hardware: who gets it gets its GPUs. */
  readonly #taken = new Map<string, Set<number>>();
  readonly #override = new Map<string, number>();
  readonly #presence = new Map<string, Presence>();
  #snapshot: { readonly at: number; readonly regions: ReadonlyMap<string, readonly string[]> } | undefined;

  constructor(options: {
    readonly model: CapacityModel;
    readonly hints: CapacityHints;
    readonly types: readonly InstanceTypeSpec[];
    readonly regions: readonly RegionSpec[];
    readonly clock: Clock;
    readonly seed: number;
  }) {
    this.#model = options.model;
    this.#hints = { staleMs: 0, refuseProbability: 0, unlistedProbability: 0, ...options.hints };
    this.#types = new Map(options.types.map((type) => [type.name, type]));
    this.#regions = options.regions;
    this.#clock = options.clock;
    this.#startedAt = options.clock.now();
    this.#seed = options.seed;
    this.#hintRandom = seededRandom(options.seed, 'capacity hints');
  }

  /** From now on the offering holds so many instances, running ones included, whatever the model says. */
  set(type: string, region: string, slots: number): void {
    this.#override.set(offering(type, region), slots);
    this.#snapshot = undefined;
  }

  /** How many more could be launched now, in truth. */
  free(type: string, region: string): number {
    return Math.max(0, this.#slots(type, region) - (this.#taken.get(offering(type, region))?.size ?? 0));
  }

  /** Takes a place for a launch; undefined means insufficient capacity. */
  take(type: string, region: string): number | undefined {
    if (this.free(type, region) === 0) return undefined;
    if (this.#hintRandom.chance(this.#hints.refuseProbability)) return undefined;
    const taken = this.#taken.get(offering(type, region)) ?? new Set<number>();
    this.#taken.set(offering(type, region), taken);
    let place = 0;
    while (taken.has(place)) place++;
    taken.add(place);
    return place;
  }

  giveBack(type: string, region: string, place: number): void {
    this.#taken.get(offering(type, region))?.delete(place);
  }

  /** Per type, the regions that the list shows: a hint that may be old. */
  listed(): ReadonlyMap<string, readonly string[]> {
    const now = this.#clock.now();
    if (this.#snapshot === undefined || now - this.#snapshot.at >= this.#hints.staleMs) {
      const regions = [...this.#types.keys()].map((type) => [type, this.#regionsWithRoom(type)] as const);
      this.#snapshot = { at: now, regions: new Map(regions) };
    }
    return this.#snapshot.regions;
  }

  #regionsWithRoom(type: string): readonly string[] {
    return this.#regions
      .map(({ name }) => name)
      .filter((region) => this.free(type, region) > 0)
      .filter(() => !this.#hintRandom.chance(this.#hints.unlistedProbability));
  }

  #slots(type: string, region: string): number {
    const override = this.#override.get(offering(type, region));
    if (override !== undefined) return override;
    const sinceStart = this.#clock.now() - this.#startedAt;
    const isSold = this.#types.get(type)?.regions.includes(region) === true;
    switch (this.#model.kind) {
      case 'plentiful':
        return isSold ? (this.#model.slots ?? DEFAULT_SLOTS) : 0;
      case 'none':
        return 0;
      case 'schedule':
        return this.#model.windows
          .filter((w) => w.type === type && w.region === region && w.fromMs <= sinceStart && sinceStart < w.toMs)
          .reduce((most, window) => Math.max(most, window.slots), 0);
      case 'on-off':
        if (!isSold) return 0;
        return this.#presenceOf(type, region).at(sinceStart) ? (this.#model.slots ?? DEFAULT_ON_OFF_SLOTS) : 0;
    }
  }

  #presenceOf(type: string, region: string): Presence {
    const key = offering(type, region);
    const presence = this.#presence.get(key) ?? onOffWindows(type, seededRandom(this.#seed, 'capacity', key));
    this.#presence.set(key, presence);
    return presence;
  }
}

const offering = (type: string, region: string): string => `${type} in ${region}`;
