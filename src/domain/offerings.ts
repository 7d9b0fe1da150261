import { refusedOfferingRestMs } from './deadlines.ts';

/** An instance type in a region. */
export interface Offering {
  readonly instanceType: string;
  readonly region: string;
  /** US cents per hour for the whole instance, as listed when it was chosen. */
  readonly priceCentsPerHour: number;
  readonly gpus?: OrderedGpus;
}

/** The GPUs of a type, as Lambda describes them. */
export interface OrderedGpus {
  readonly count: number;
  /** `H100 (80 GB SXM5)`; `N/A` where there are none. */
  readonly description: string;
}

/** One type as Lambda lists it. */
export interface ListedType {
  readonly name: string;
  readonly gpus?: OrderedGpus;
  readonly priceCentsPerHour: number;
  /** A hint, stale in both directions, never a promise. */
  readonly regionsWithCapacity: readonly string[];
}

/** What a request accepts, in order of preference. */
export interface Wishes {
  readonly instanceTypes: readonly string[];
  /** Undefined: any region. */
  readonly regions?: readonly string[];
  readonly maxPriceCentsPerHour?: number;
}

/** The last refusal of one offering, remembered so that a stale list does not make us knock without pause. */
export interface Refusal {
  readonly instanceType: string;
  readonly region: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Refusals in a row. */
  readonly count: number;
}

export type Choice =
  | { readonly kind: 'offering'; readonly offering: Offering }
  /** Nothing now. `reason` is one sentence for people. */
  | { readonly kind: 'none'; readonly reason: string }
  /** Nothing ever, as the request stands. */
  | { readonly kind: 'hopeless'; readonly type: 'invalid_request' | 'price_too_high'; readonly reason: string };

/** The first wanted type, in the caller's order, that has capacity in a wanted region at a bearable price and was not refused just now. */
export function chooseOffering(
  wishes: Wishes,
  listed: readonly ListedType[],
  refusals: readonly Refusal[],
  now: number,
): Choice {
  // A list without any type says something about Lambda's health, nothing about the request: nobody's wait of days ends by it.
  if (listed.length === 0) return { kind: 'none', reason: 'Lambda lists no instance types at all now' };
  const known = new Map(listed.map((type) => [type.name, type]));
  const wanted = wishes.instanceTypes.flatMap((name) => known.get(name) ?? []);
  if (wanted.length < wishes.instanceTypes.length) {
    const unknown = wishes.instanceTypes.filter((name) => !known.has(name));
    return {
      kind: 'hopeless',
      type: 'invalid_request',
      reason: `instanceType: Lambda offers no ${unknown.join(', ')}`,
    };
  }
  const affordable = wanted.filter((type) => type.priceCentsPerHour <= (wishes.maxPriceCentsPerHour ?? Infinity));
  if (affordable.length === 0) return tooExpensive(wishes, wanted);

  let resting = 0;
  for (const type of affordable) {
    for (const region of inPreferredOrder(type.regionsWithCapacity, wishes.regions)) {
      const refusal = refusals.find((r) => r.instanceType === type.name && r.region === region);
      if (refusal !== undefined && now < refusal.at + refusedOfferingRestMs(refusal.count)) {
        resting += 1;
        continue;
      }
      const { name: instanceType, priceCentsPerHour, gpus } = type;
      const offering = { instanceType, region, priceCentsPerHour, ...(gpus === undefined ? {} : { gpus }) };
      return { kind: 'offering', offering };
    }
  }
  const where = wishes.regions === undefined ? 'in any region' : `in ${wishes.regions.join(', ')}`;
  const what = affordable.map((type) => type.name).join(', ');
  const refused = resting > 0 ? '; what is listed was refused just now' : '';
  return { kind: 'none', reason: `no capacity for ${what} ${where}${refused}` };
}

/** The memory of refusals with one more. */
export function withRefusal(refusals: readonly Refusal[], offering: Offering, at: number): Refusal[] {
  const same = (r: Refusal): boolean => r.instanceType === offering.instanceType && r.region === offering.region;
  const count = (refusals.find(same)?.count ?? 0) + 1;
  return [
    ...refusals.filter((r) => !same(r)),
    { instanceType: offering.instanceType, region: offering.region, at, count },
  ];
}

function inPreferredOrder(available: readonly string[], wanted: readonly string[] | undefined): readonly string[] {
  return wanted === undefined ? available : wanted.filter((region) => available.includes(region));
}

function tooExpensive(wishes: Wishes, wanted: readonly ListedType[]): Choice {
  const prices = wanted.map((type) => `${type.name} ${usd(type.priceCentsPerHour)}`).join(', ');
  const cap = usd(wishes.maxPriceCentsPerHour ?? 0);
  return {
    kind: 'hopeless',
    type: 'price_too_high',
    reason: `maxPricePerHourUsd: every wanted type costs more than ${cap}/h: ${prices}`,
  };
}

export function usd(cents: number): string {
  return `$${(cents / 100).toFixed(2)}`;
}
