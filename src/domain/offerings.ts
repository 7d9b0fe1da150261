import { refusedOfferingRestMs, UNLISTED_PATIENCE_MS, unlistedOfferingRestMs } from './deadlines.ts';

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

/** The list of types, as it was at one moment. */
export interface CapacitySnapshot {
  /** When it was asked for, in milliseconds since the epoch. */
  readonly readAt: number;
  /** Names that were asked about: of others it says nothing. */
  readonly asked: readonly string[];
  /** Those of them that the list has. */
  readonly types: readonly ListedType[];
  /** How many types the list has in all. None: that says something about Lambda's health, nothing about a request. */
  readonly listedTypes: number;
}

/** The last refusal of one offering, remembered for everybody, so that a stale list does not make us knock without pause. */
export interface Refusal {
  readonly instanceType: string;
  readonly region: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Refusals since the list last began to show it. */
  readonly count: number;
}

export type Choice =
  | { readonly kind: 'offering'; readonly offering: Offering }
  /** Nothing now. `reason` is one sentence for people. */
  | { readonly kind: 'none'; readonly reason: string }
  /** Nothing ever, as the request stands. */
  | { readonly kind: 'hopeless'; readonly type: 'invalid_request' | 'price_too_high'; readonly reason: string };

/**
 * The first wanted type, in the caller's order, that has capacity in a wanted region at a bearable price and was not refused just now. Where
 * a region is named and nothing is listed, an offering is tried now and then all the same: the list is stale both ways.
 */
export function chooseOffering(
  wishes: Wishes,
  snapshot: CapacitySnapshot,
  refusals: readonly Refusal[],
  now: number,
  waitingSince = now,
): Choice {
  // Nobody's wait of days ends by a list without any type.
  if (snapshot.listedTypes === 0) return { kind: 'none', reason: 'Lambda lists no instance types at all now' };
  const known = new Map(snapshot.types.map((type) => [type.name, type]));
  const wanted = wishes.instanceTypes.flatMap((name) => known.get(name) ?? []);
  if (wanted.length < wishes.instanceTypes.length) {
    const unknown = wishes.instanceTypes.filter((name) => !known.has(name));
    const unasked = unknown.filter((name) => !snapshot.asked.includes(name));
    if (unasked.length > 0) return { kind: 'none', reason: `${unasked.join(', ')} not looked for yet` };
    return {
      kind: 'hopeless',
      type: 'invalid_request',
      reason: `instanceType: Lambda offers no ${unknown.join(', ')}`,
    };
  }
  const affordable = wanted.filter((type) => type.priceCentsPerHour <= (wishes.maxPriceCentsPerHour ?? Infinity));
  if (affordable.length === 0) return tooExpensive(wishes, wanted);

  const listed = affordable.flatMap((type) => listedOfferings(type, wishes.regions));
  const free = listed.find((offering) => !isHeldBack(refusalOf(refusals, offering), snapshot.readAt, now));
  if (free !== undefined) return { kind: 'offering', offering: free };

  if (wishes.regions !== undefined && now - waitingSince >= UNLISTED_PATIENCE_MS) {
    const unlisted = affordable.flatMap((type) => unlistedOfferings(type, wishes.regions ?? []));
    const worthATry = unlisted.find((offering) => {
      const refusal = refusalOf(refusals, offering);
      return refusal === undefined || now >= refusal.at + unlistedOfferingRestMs(refusal.count);
    });
    if (worthATry !== undefined) return { kind: 'offering', offering: worthATry };
  }
  const where = wishes.regions === undefined ? 'in any region' : `in ${wishes.regions.join(', ')}`;
  const what = affordable.map((type) => type.name).join(', ');
  const refused = listed.length > 0 ? '; what is listed was refused just now' : '';
  return { kind: 'none', reason: `no capacity for ${what} ${where}${refused}` };
}

/** A refusal holds until a newer list shows the offering still, and one that comes again for a while longer each time. */
function isHeldBack(refusal: Refusal | undefined, readAt: number, now: number): boolean {
  if (refusal === undefined) return false;
  return readAt <= refusal.at || now < refusal.at + refusedOfferingRestMs(refusal.count);
}

function refusalOf(
  refusals: readonly Refusal[],
  { instanceType, region }: Pick<Offering, 'instanceType' | 'region'>,
): Refusal | undefined {
  return refusals.find((refusal) => refusal.instanceType === instanceType && refusal.region === region);
}

/** The memory of refusals with one more. */
export function withRefusal(
  refusals: readonly Refusal[],
  offering: Pick<Offering, 'instanceType' | 'region'>,
  at: number,
): Refusal[] {
  const same = (r: Refusal): boolean => r.instanceType === offering.instanceType && r.region === offering.region;
  const count = (refusals.find(same)?.count ?? 0) + 1;
  return [
    ...refusals.filter((r) => !same(r)),
    { instanceType: offering.instanceType, region: offering.region, at, count },
  ];
}

/** What the newer list says about refusals: an offering that was not listed and is again is a new chance. */
export function withSnapshot(
  refusals: readonly Refusal[],
  before: CapacitySnapshot | undefined,
  after: CapacitySnapshot,
): Refusal[] {
  const shows = (snapshot: CapacitySnapshot, { instanceType, region }: Refusal): boolean =>
    snapshot.types.some((type) => type.name === instanceType && type.regionsWithCapacity.includes(region));
  return refusals.filter(
    (refusal) =>
      before === undefined || before.readAt <= refusal.at || shows(before, refusal) || !shows(after, refusal),
  );
}

function listedOfferings(type: ListedType, wanted: readonly string[] | undefined): readonly Offering[] {
  const available = type.regionsWithCapacity;
  const regions = wanted === undefined ? available : wanted.filter((region) => available.includes(region));
  return regions.map((region) => offeringOf(type, region));
}

function unlistedOfferings(type: ListedType, wanted: readonly string[]): readonly Offering[] {
  return wanted
    .filter((region) => !type.regionsWithCapacity.includes(region))
    .map((region) => offeringOf(type, region));
}

function offeringOf({ name: instanceType, priceCentsPerHour, gpus }: ListedType, region: string): Offering {
  return { instanceType, region, priceCentsPerHour, ...(gpus === undefined ? {} : { gpus }) };
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
