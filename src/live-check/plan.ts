import type { ProvisionNodeRequest } from '../contract/provision-node.ts';
import {
  ATTENTION_AFTER_MS,
  LAUNCH_SCHEDULE_TO_START_MS,
  LAUNCH_START_TO_CLOSE_MS,
  LEAVE_NAVARCH_MS,
} from '../domain/deadlines.ts';
import { formatDuration, MINUTE } from '../domain/durations.ts';

// What one launch may cost at most. Every wait of the request has a deadline of its own, and `whole` ends them all together; so the machine
// lives at most from the request to the end of the last of them, and until Lambda has taken our terminate.

/** An instance type that could be launched now. */
export interface Choice {
  readonly instanceType: string;
  readonly priceCentsPerHour: number;
  /** Where the list shows room. */
  readonly regions: readonly string[];
  readonly gpus: number;
}

/** What the choice is made from: a type as Lambda lists it. */
export interface Listed {
  readonly instanceType: {
    readonly name: string;
    readonly priceCentsPerHour: number;
    readonly specs: { readonly gpus: number };
  };
  readonly regionsWithCapacity: readonly { readonly name: string }[];
}

/** The cheapest type with room now, or the wanted one if it has room; undefined: there is none. Of equal price the first by name. */
export function cheapest(types: readonly Listed[], wanted?: string): Choice | undefined {
  return types
    .filter(({ instanceType, regionsWithCapacity }) => {
      return regionsWithCapacity.length > 0 && (wanted === undefined || instanceType.name === wanted);
    })
    .map(({ instanceType, regionsWithCapacity }) => ({
      instanceType: instanceType.name,
      priceCentsPerHour: instanceType.priceCentsPerHour,
      regions: regionsWithCapacity.map(({ name }) => name),
      gpus: instanceType.specs.gpus,
    }))
    .sort((a, b) => a.priceCentsPerHour - b.priceCentsPerHour || a.instanceType.localeCompare(b.instanceType))[0];
}

/** Nobody waits at the terminal for capacity: the list has just shown it. */
const CAPACITY_WAIT = 2 * MINUTE;
/** From the request to ready. A slow boot takes a quarter of an hour; what is not ready by then has shown enough. */
const WHOLE = 45 * MINUTE;
/** Longer than we take to ask for its end. It ends the node should we hang. */
const LIFETIME = 10 * MINUTE;

/** The parts of the longest life of the machine, in the order they come. */
export const WORST_CASE = [
  ['until it is ready or given up', WHOLE],
  // One that is being sent when the time is up is not called back, and the keeper's lifetime begins only when it is ready: the longer of both.
  [
    'a launch that is under way then, or the lifetime of a ready node and its leave of Navarch',
    Math.max(LAUNCH_SCHEDULE_TO_START_MS + LAUNCH_START_TO_CLOSE_MS, LIFETIME + LEAVE_NAVARCH_MS),
  ],
  ['until Lambda has ended it (two minutes as a rule)', ATTENTION_AFTER_MS],
] as const;

export const WORST_CASE_MS = WORST_CASE.reduce((sum, [, ms]) => sum + ms, 0);

/** US cents for so long at so many cents an hour: Lambda bills started minutes, and we round up. */
export function costCents(priceCentsPerHour: number, ms: number): number {
  const minutes = Math.ceil(Math.max(0, ms) / MINUTE);
  // Whole cents of a product in floating point: 129 * 60 / 60 must stay 129.
  return Math.max(0, Math.ceil((priceCentsPerHour * minutes) / 60 - 1e-9));
}

export function worstCaseCents(choice: Choice): number {
  return costCents(choice.priceCentsPerHour, WORST_CASE_MS);
}

export function dollars(cents: number): string {
  return (cents / 100).toFixed(2);
}

/** US cents of an amount as a person types it; undefined: it is none, or nothing. */
export function parseAmount(text: string): number | undefined {
  if (!/^\d{1,5}(\.\d{1,2})?$/.test(text)) return undefined;
  const cents = Math.round(Number(text) * 100);
  return cents > 0 ? cents : undefined;
}

/** One launch, never a second, at that price and no higher. */
export function requestFor(choice: Choice, name: string, registration: 'agent' | 'direct'): ProvisionNodeRequest {
  return {
    name,
    instanceType: choice.instanceType,
    registration,
    maxLaunches: 1,
    maxPricePerHourUsd: choice.priceCentsPerHour / 100,
    lifetime: formatDuration(LIFETIME),
    capacity: { waitUpTo: formatDuration(CAPACITY_WAIT), priority: 1 },
    deadlines: {
      whole: formatDuration(WHOLE),
      address: '6m',
      ssh: '10m',
      gpu: '8m',
      bootstrapStep: '8m',
      bootstrap: '10m',
      active: '25m',
      registration: '3m',
    },
  };
}
