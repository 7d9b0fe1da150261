import { describe, expect, test } from 'vitest';
import { MINUTE, SECOND } from '../../../src/domain/durations.ts';
import {
  chooseOffering,
  usd,
  withRefusal,
  withSnapshot,
  type ListedType,
  type Refusal,
  type Wishes,
} from '../../../src/domain/offerings.ts';

const NOW = Date.UTC(2026, 9, 8);

function type(name: string, priceCentsPerHour: number, ...regionsWithCapacity: string[]): ListedType {
  return { name, priceCentsPerHour, regionsWithCapacity };
}

const LISTED = [
  type('gpu_1x_a10', 129, 'us-east-1'),
  type('gpu_1x_h100_sxm5', 429, 'us-south-2', 'us-south-3'),
  type('gpu_8x_h100_sxm5', 3_192),
];

const ASKED = LISTED.map(({ name }) => name);

function choose(wishes: Wishes, refusals: readonly Refusal[] = [], at = NOW, listed: readonly ListedType[] = LISTED) {
  return chooseOffering(
    wishes,
    { readAt: at, asked: wishes.instanceTypes, types: listed, listedTypes: listed.length },
    refusals,
    at,
  );
}

const H100 = { instanceTypes: ['gpu_1x_h100_sxm5'] };
const SOUTH_2 = { instanceType: 'gpu_1x_h100_sxm5', region: 'us-south-2', priceCentsPerHour: 429 };
const SOUTH_3 = { ...SOUTH_2, region: 'us-south-3' };

describe('the choice of an offering', () => {
  test("follows the caller's order of types, not the list's or the price's", () => {
    expect(choose({ instanceTypes: ['gpu_1x_h100_sxm5', 'gpu_1x_a10'] })).toEqual({
      kind: 'offering',
      offering: SOUTH_2,
    });
    expect(choose({ instanceTypes: ['gpu_1x_a10', 'gpu_1x_h100_sxm5'] })).toMatchObject({
      offering: { instanceType: 'gpu_1x_a10' },
    });
  });

  test('takes the next type when the preferred one has no capacity', () => {
    expect(choose({ instanceTypes: ['gpu_8x_h100_sxm5', 'gpu_1x_a10'] })).toMatchObject({
      offering: { instanceType: 'gpu_1x_a10', region: 'us-east-1' },
    });
  });

  test("follows the caller's order of regions, and any region will do when none is named", () => {
    expect(choose({ ...H100, regions: ['us-south-3', 'us-south-2'] })).toMatchObject({ offering: SOUTH_3 });
    expect(choose({ ...H100, regions: ['us-west-1', 'us-south-3'] })).toMatchObject({ offering: SOUTH_3 });
    expect(choose(H100)).toMatchObject({ offering: SOUTH_2 });
  });

  test('puts the type before the region: a preferred type in the last region wins', () => {
    const wishes = { instanceTypes: ['gpu_1x_h100_sxm5', 'gpu_1x_a10'], regions: ['us-east-1', 'us-south-3'] };
    expect(choose(wishes)).toMatchObject({ offering: SOUTH_3 });
  });

  test('is none, with what and where, when nothing wanted has capacity', () => {
    expect(choose({ instanceTypes: ['gpu_8x_h100_sxm5'] })).toEqual({
      kind: 'none',
      reason: 'no capacity for gpu_8x_h100_sxm5 in any region',
    });
    expect(choose({ ...H100, regions: ['us-east-1', 'us-west-1'] })).toEqual({
      kind: 'none',
      reason: 'no capacity for gpu_1x_h100_sxm5 in us-east-1, us-west-1',
    });
  });
});

describe('a price cap', () => {
  test('passes over what is dearer, however much it is preferred', () => {
    const wishes = { instanceTypes: ['gpu_1x_h100_sxm5', 'gpu_1x_a10'], maxPriceCentsPerHour: 428 };
    expect(choose(wishes)).toMatchObject({ offering: { instanceType: 'gpu_1x_a10' } });
  });

  test('includes the price that is just as high', () => {
    expect(choose({ ...H100, maxPriceCentsPerHour: 429 })).toMatchObject({ kind: 'offering' });
  });

  test('waits when what is affordable has no capacity, although something dearer has', () => {
    const wishes = {
      instanceTypes: ['gpu_1x_h100_sxm5', 'gpu_1x_a10'],
      regions: ['us-south-2'],
      maxPriceCentsPerHour: 200,
    };
    expect(choose(wishes)).toEqual({ kind: 'none', reason: 'no capacity for gpu_1x_a10 in us-south-2' });
  });

  test('below every wanted type is hopeless, and says by how much', () => {
    const wishes = { instanceTypes: ['gpu_1x_h100_sxm5', 'gpu_1x_a10'], maxPriceCentsPerHour: 100 };
    expect(choose(wishes)).toEqual({
      kind: 'hopeless',
      type: 'price_too_high',
      reason: 'maxPricePerHourUsd: every wanted type costs more than $1.00/h: gpu_1x_h100_sxm5 $4.29, gpu_1x_a10 $1.29',
    });
  });
});

describe('what Lambda does not list', () => {
  test('is hopeless even beside a good type: it is a misspelt wish, not one for later', () => {
    expect(choose({ instanceTypes: ['gpu_1x_a10', 'gpu_1x_h100', 'gpu_9x'] })).toEqual({
      kind: 'hopeless',
      type: 'invalid_request',
      reason: 'instanceType: Lambda offers no gpu_1x_h100, gpu_9x',
    });
  });

  test('is no verdict on a type that the list was not asked about', () => {
    const snapshot = { readAt: NOW, asked: ['gpu_1x_a10'], types: LISTED.slice(0, 1), listedTypes: 3 };
    expect(chooseOffering(H100, snapshot, [], NOW)).toEqual({
      kind: 'none',
      reason: 'gpu_1x_h100_sxm5 not looked for yet',
    });
  });

  test('is no verdict when nothing at all is listed: that says something about Lambda, and must not end a wait of days', () => {
    expect(choose(H100, [], NOW, [])).toEqual({ kind: 'none', reason: 'Lambda lists no instance types at all now' });
  });
});

describe('a refused offering', () => {
  test('rests, however full the stale list looks, and the next one is tried', () => {
    const refusals = withRefusal([], SOUTH_2, NOW);
    expect(choose(H100, refusals, NOW)).toMatchObject({ offering: SOUTH_3 });
  });

  test('is tried again as soon as a newer list shows it still', () => {
    const refusals = withRefusal([], SOUTH_2, NOW);
    expect(choose({ ...H100, regions: ['us-south-2'] }, refusals, NOW)).toMatchObject({ kind: 'none' });
    expect(choose({ ...H100, regions: ['us-south-2'] }, refusals, NOW + 1)).toMatchObject({ offering: SOUTH_2 });
  });

  test('rests twice as long after each further refusal in a row, up to two minutes', () => {
    let refusals = withRefusal([], SOUTH_2, NOW);
    for (const seconds of [20, 40, 80, 120, 120]) {
      refusals = withRefusal(refusals, SOUTH_2, NOW);
      const wishes = { ...H100, regions: ['us-south-2'] };
      expect(choose(wishes, refusals, NOW + seconds * SECOND - 1)).toMatchObject({ kind: 'none' });
      expect(choose(wishes, refusals, NOW + seconds * SECOND)).toMatchObject({ kind: 'offering' });
    }
    expect(refusals).toEqual([{ instanceType: 'gpu_1x_h100_sxm5', region: 'us-south-2', at: NOW, count: 6 }]);
  });

  test('leaves the same type elsewhere, and other types there, as they were', () => {
    const refusals = withRefusal(withRefusal([], SOUTH_2, NOW), SOUTH_3, NOW + SECOND);
    expect(refusals.map(({ region, count }) => [region, count])).toEqual([
      ['us-south-2', 1],
      ['us-south-3', 1],
    ]);
    const both = choose({ instanceTypes: ['gpu_1x_h100_sxm5', 'gpu_1x_a10'] }, refusals, NOW);
    expect(both).toMatchObject({ offering: { instanceType: 'gpu_1x_a10' } });
  });

  test('is said to be the reason when nothing else is left', () => {
    const refusals = withRefusal(withRefusal([], SOUTH_2, NOW), SOUTH_3, NOW);
    expect(choose(H100, refusals, NOW)).toEqual({
      kind: 'none',
      reason: 'no capacity for gpu_1x_h100_sxm5 in any region; what is listed was refused just now',
    });
  });

  test('is tried again in the end: no number of refusals is for ever', () => {
    let refusals: Refusal[] = [];
    for (let i = 0; i < 2_000; i += 1) refusals = withRefusal(refusals, SOUTH_2, NOW);
    expect(choose({ ...H100, regions: ['us-south-2'] }, refusals, NOW + 2 * MINUTE)).toMatchObject({
      kind: 'offering',
    });
  });
});

describe('what a newer list says about a refusal', () => {
  const snapshot = (readAt: number, ...regions: string[]) => ({
    readAt,
    asked: ['gpu_1x_h100_sxm5'],
    types: [type('gpu_1x_h100_sxm5', 429, ...regions)],
    listedTypes: 3,
  });
  const refusals = withRefusal([], SOUTH_2, NOW);

  test('shown still, it stands', () => {
    expect(withSnapshot(refusals, snapshot(NOW - 1, 'us-south-2'), snapshot(NOW + 1, 'us-south-2'))).toEqual(refusals);
    expect(withSnapshot(refusals, snapshot(NOW + 1, 'us-south-2'), snapshot(NOW + 2, 'us-south-2'))).toEqual(refusals);
  });

  test('gone from the list and back, it is forgotten: that is a new chance', () => {
    const gone = withSnapshot(refusals, snapshot(NOW + 1, 'us-south-2'), snapshot(NOW + 2));
    expect(gone).toEqual(refusals);
    expect(withSnapshot(gone, snapshot(NOW + 2), snapshot(NOW + 3, 'us-south-2'))).toEqual([]);
  });

  test('a list from before the refusal says nothing', () => {
    expect(withSnapshot(refusals, snapshot(NOW - 1), snapshot(NOW + 1, 'us-south-2'))).toEqual(refusals);
  });
});

describe('a region that is named and not listed', () => {
  const wishes = { ...H100, regions: ['us-west-1'] };
  const at = (now: number, refusals: readonly Refusal[] = [], waitingSince = NOW) =>
    chooseOffering(wishes, { readAt: now, asked: ASKED, types: LISTED, listedTypes: 3 }, refusals, now, waitingSince);
  const WEST = { instanceType: 'gpu_1x_h100_sxm5', region: 'us-west-1', priceCentsPerHour: 429 };

  test('is tried all the same after a minute, for the list is stale both ways', () => {
    expect(at(NOW + 59 * SECOND)).toMatchObject({ kind: 'none' });
    expect(at(NOW + 60 * SECOND)).toEqual({ kind: 'offering', offering: WEST });
  });

  test('is not tried where any region will do', () => {
    const anywhere = { instanceTypes: ['gpu_8x_h100_sxm5'] };
    const snapshot = { readAt: NOW, asked: ASKED, types: LISTED, listedTypes: 3 };
    expect(chooseOffering(anywhere, snapshot, [], NOW, 0)).toMatchObject({ kind: 'none' });
  });

  test('is tried rarely once it was refused, and never before something that is listed', () => {
    const refused = withRefusal([], WEST, NOW);
    expect(at(NOW + 5 * MINUTE - 1, refused, 0)).toMatchObject({ kind: 'none' });
    expect(at(NOW + 5 * MINUTE, refused, 0)).toMatchObject({ offering: WEST });
    expect(at(NOW + 10 * MINUTE - 1, withRefusal(refused, WEST, NOW), 0)).toMatchObject({ kind: 'none' });
    const both = { ...H100, regions: ['us-west-1', 'us-south-3'] };
    const snapshot = { readAt: NOW, asked: ASKED, types: LISTED, listedTypes: 3 };
    expect(chooseOffering(both, snapshot, [], NOW, 0)).toMatchObject({ offering: SOUTH_3 });
  });
});

test.each([
  [0, '$0.00'],
  [129, '$1.29'],
  [3_192, '$31.92'],
  [1_000_000, '$10000.00'],
])('%d cents read %s', (cents, text) => {
  expect(usd(cents)).toBe(text);
});
