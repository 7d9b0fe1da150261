import { describe, expect, test } from 'vitest';
import { provisionNodeRequest } from '../../../src/contract/provision-node.ts';
import { parseDuration } from '../../../src/domain/durations.ts';
import { readOptions } from '../../../src/live-check/main.ts';
import {
  cheapest,
  costCents,
  parseAmount,
  requestFor,
  WORST_CASE_MS,
  worstCaseCents,
  type Listed,
} from '../../../src/live-check/plan.ts';

const MINUTE = 60_000;

function listed(name: string, priceCentsPerHour: number, ...regions: readonly string[]): Listed {
  return {
    instanceType: { name, priceCentsPerHour, specs: { gpus: 1 } },
    regionsWithCapacity: regions.map((region) => ({ name: region })),
  };
}

describe('the choice', () => {
  const types = [listed('dear', 400, 'a'), listed('gone', 10), listed('b', 129, 'x', 'y'), listed('a', 129, 'z')];

  test('is the cheapest that has room; of equal price the first by name', () => {
    expect(cheapest(types)).toMatchObject({ instanceType: 'a', priceCentsPerHour: 129, regions: ['z'] });
  });

  test('is the named one if it has room, and none otherwise', () => {
    expect(cheapest(types, 'dear')?.instanceType).toBe('dear');
    expect(cheapest(types, 'gone')).toBeUndefined();
    expect(cheapest([])).toBeUndefined();
  });
});

describe('what it costs', () => {
  test.each([
    [129, 60 * MINUTE, 129],
    [129, 0, 0],
    [129, 1, 3], // a begun minute: 2.15 cents
    [20, 72 * MINUTE, 24],
    [20, 72 * MINUTE + 1, 25],
    [3192, 72 * MINUTE, 3831], // 3830.4
  ])('at %i cents an hour for %i ms: %i cents', (price, ms, cents) => {
    expect(costCents(price, ms)).toBe(cents);
  });

  test('at most is no less than every deadline of the request, its launch, its lifetime and its end', () => {
    const choice = { instanceType: 'gpu_1x_a10', priceCentsPerHour: 129, regions: ['a'], gpus: 1 };
    const request = requestFor(choice, 'live-check-1', 'direct');
    expect(() => provisionNodeRequest.parse(request)).not.toThrow();
    expect(request).toMatchObject({ maxLaunches: 1, maxPricePerHourUsd: 1.29 });
    const ms = (text: string | undefined): number => parseDuration(text ?? '') ?? Infinity;
    expect(ms(request.deadlines?.whole) + ms(request.lifetime)).toBeLessThan(WORST_CASE_MS);
    expect(worstCaseCents(choice)).toBe(costCents(129, WORST_CASE_MS));
  });
});

describe('--spend-up-to', () => {
  test.each([
    ['2', 200],
    ['0.75', 75],
    ['0.29', 29],
    ['12.5', 1250],
  ])('%s', (text, cents) => {
    expect(parseAmount(text)).toBe(cents);
    expect(readOptions(['--spend-up-to', text])).toMatchObject({ spendUpToCents: cents, yes: false });
  });

  test.each(['0', '0.00', '-1', 'abc', '', '1e3', 'Infinity', '0.001', '$2', ' 2', '1000000'])(
    '"%s" is no amount',
    (text) => {
      expect(parseAmount(text)).toBeUndefined();
    },
  );
});
