import { describe, expect, test } from 'vitest';
import { CAPACITY_STALE_MS, TICKET_KEPT_MS } from '../../../src/domain/deadlines.ts';
import { HOUR, MINUTE, SECOND } from '../../../src/domain/durations.ts';
import {
  bestOf,
  inOrder,
  nextGrant,
  stillWaiting,
  waitingLine,
  type Situation,
  type Waiter,
} from '../../../src/domain/grants.ts';
import { withRefusal, type ListedType } from '../../../src/domain/offerings.ts';
import { seededRandom } from '../../../src/simulator/random.ts';

const NOW = Date.UTC(2026, 10, 28);

const TYPES: readonly ListedType[] = [
  { name: 'gpu_1x_a10', priceCentsPerHour: 129, regionsWithCapacity: ['us-east-1'] },
  { name: 'gpu_1x_h100_sxm5', priceCentsPerHour: 429, regionsWithCapacity: ['us-south-2', 'us-south-3'] },
  { name: 'gpu_8x_h100_sxm5', priceCentsPerHour: 3_192, regionsWithCapacity: [] },
];

const ASKED = [...TYPES.map(({ name }) => name), 'gpu_9x'];

function waiter(name: string, more: Partial<Waiter> = {}): Waiter {
  return {
    name,
    runId: `run-${name}`,
    ticketId: `ticket-${name}`,
    wishes: { instanceTypes: ['gpu_1x_a10'] },
    priority: 3,
    arrivedAt: NOW - HOUR,
    until: NOW + HOUR,
    receivedAt: NOW - MINUTE,
    isNameFree: true,
    ...more,
  };
}

function situation(more: Partial<Situation> = {}): Situation {
  return {
    snapshot: { readAt: NOW - SECOND, asked: ASKED, types: TYPES, listedTypes: TYPES.length },
    refusals: [],
    caps: {},
    load: { instances: 0, centsPerHour: 0 },
    now: NOW,
    ...more,
  };
}

const wanting = (...instanceTypes: string[]) => ({ wishes: { instanceTypes } });
const granted = (waiters: readonly Waiter[], more: Partial<Situation> = {}) => {
  const { grant } = nextGrant(waiters, situation(more));
  return grant === undefined
    ? undefined
    : `${grant.waiter.name}: ${grant.offering.instanceType} in ${grant.offering.region}`;
};

describe('the order', () => {
  test('is priority, then arrival, then name, in whatever order tickets come', () => {
    const line = [
      waiter('urgent', { priority: 1, arrivedAt: NOW }),
      waiter('early', { arrivedAt: NOW - 3 * HOUR }),
      waiter('late-a', { arrivedAt: NOW - HOUR }),
      waiter('late-b', { arrivedAt: NOW - HOUR }),
      waiter('patient', { priority: 5, arrivedAt: 0 }),
    ];
    const names = line.map(({ name }) => name);
    const random = seededRandom(1, 'order');
    for (let round = 0; round < 50; round += 1) {
      const shuffled = [...line].sort(() => random.next() - 0.5);
      expect(inOrder(shuffled).map(({ name }) => name)).toEqual(names);
      expect(granted(shuffled)).toBe('urgent: gpu_1x_a10 in us-east-1');
    }
  });

  test('passes over whoever wants what there is not, and they keep their place', () => {
    const line = [waiter('first', { ...wanting('gpu_8x_h100_sxm5'), priority: 1 }), waiter('second')];
    expect(granted(line)).toBe('second: gpu_1x_a10 in us-east-1');
    const places = waitingLine(line, situation(), 10);
    expect(places.map(({ name, place, reason }) => [place, name, reason])).toEqual([
      [1, 'first', 'no capacity for gpu_8x_h100_sxm5 in any region'],
      [2, 'second', 'next in turn for a launch slot: gpu_1x_a10 in us-east-1'],
    ]);
  });

  test('is kept after a refusal: who comes again with its arrival goes before those who came later', () => {
    const refused = waiter('refused', { ...wanting('gpu_1x_h100_sxm5'), arrivedAt: NOW - 2 * HOUR, receivedAt: NOW });
    const other = waiter('other', wanting('gpu_1x_h100_sxm5'));
    const refusals = withRefusal([], { instanceType: 'gpu_1x_h100_sxm5', region: 'us-south-2' }, NOW - 2 * SECOND);
    expect(granted([other, refused], { refusals })).toBe('refused: gpu_1x_h100_sxm5 in us-south-2');
    // Not in the region that refused, before a newer list shows it still.
    const justNow = withRefusal([], { instanceType: 'gpu_1x_h100_sxm5', region: 'us-south-2' }, NOW);
    expect(granted([other, refused], { refusals: justNow })).toBe('refused: gpu_1x_h100_sxm5 in us-south-3');
  });

  test('lets nobody past who waits for the next list only, and everybody past who is held up for longer', () => {
    const unchecked = waiter('unchecked', { priority: 1, isNameFree: false });
    expect(granted([unchecked, waiter('checked')])).toBeUndefined();
    expect(granted([{ ...unchecked, takenBy: 'i-1' }, waiter('checked')])).toContain('checked');
    expect(granted([{ ...unchecked, ...wanting('gpu_8x_h100_sxm5') }, waiter('checked')])).toContain('checked');
    expect(granted([{ ...unchecked, priority: 5 }, waiter('checked')])).toContain('checked');
  });

  test('lets only those try what is not listed who have waited for it', () => {
    const wishes = { instanceTypes: ['gpu_8x_h100_sxm5'], regions: ['us-south-2'] };
    const fresh = waiter('fresh', { wishes, arrivedAt: NOW - SECOND, priority: 1 });
    expect(granted([fresh])).toBeUndefined();
    const patient = waiter('patient', { wishes: { ...wishes } });
    expect(granted([fresh, patient])).toBe('patient: gpu_8x_h100_sxm5 in us-south-2');
  });
});

describe('nobody gets a grant', () => {
  test.each<[string, Partial<Waiter>, Partial<Situation>, RegExp]>([
    ['whose name may still live', { isNameFree: false }, {}, /no list of instances newer than its request/],
    ['who is held up', { takenBy: 'i-1' }, {}, /lives in the account already \(i-1\)/],
    ['before capacity was read', {}, { snapshot: undefined }, /has not been read/],
    [
      'on an old list',
      {},
      { snapshot: { readAt: NOW - CAPACITY_STALE_MS - 1, asked: ASKED, types: TYPES, listedTypes: 3 } },
      /has not been read/,
    ],
    [
      'beyond the cap on instances',
      {},
      { caps: { instances: 2 }, load: { instances: 2, centsPerHour: 0 } },
      /2 of at most 2 instances/,
    ],
    [
      'beyond the cap on cost',
      {},
      { caps: { centsPerHour: 500 }, load: { instances: 1, centsPerHour: 400 } },
      /\$4\.00 of at most \$5\.00 an hour/,
    ],
  ])('%s', (_, more, around, reason) => {
    const line = [waiter('one', more)];
    expect(granted(line, around)).toBeUndefined();
    expect(waitingLine(line, situation(around), 1)[0]?.reason).toMatch(reason);
  });

  test('up to the caps they do', () => {
    expect(granted([waiter('one')], { caps: { instances: 3 }, load: { instances: 2, centsPerHour: 0 } })).toBeDefined();
    const load = { instances: 1, centsPerHour: 371 };
    expect(granted([waiter('one')], { caps: { centsPerHour: 500 }, load })).toBeDefined();
  });
});

test('requests that can never be served are named, and stand in nobody’s way', () => {
  const { grant, hopeless } = nextGrant(
    [
      waiter('misspelt', { ...wanting('gpu_9x'), priority: 1 }),
      waiter('poor', { wishes: { instanceTypes: ['gpu_1x_a10'], maxPriceCentsPerHour: 1 }, priority: 1 }),
      waiter('fine'),
    ],
    situation(),
  );
  expect(grant?.waiter.name).toBe('fine');
  expect(hopeless.map(({ waiter: { name }, type }) => [name, type])).toEqual([
    ['misspelt', 'invalid_request'],
    ['poor', 'price_too_high'],
  ]);
});

test('tickets whose wait is over, or that nobody sends again, are forgotten', () => {
  const line = [
    waiter('waits'),
    waiter('over', { until: NOW }),
    waiter('silent', { receivedAt: NOW - TICKET_KEPT_MS }),
  ];
  expect(stillWaiting(line, NOW).map(({ name }) => name)).toEqual(['waits']);
});

describe('what a broker hands on', () => {
  const many = Array.from({ length: 10_000 }, (_, index) =>
    waiter(`n${index}`, { ...wanting('gpu_8x_h100_sxm5'), priority: 1, arrivedAt: index }),
  );

  test('is the best thousand, and the first of each kind of wish however low their priority', () => {
    const rare = waiter('rare', { priority: 5, arrivedAt: NOW });
    const carried = bestOf([rare, ...many], 1_000);
    expect(carried).toHaveLength(1_000);
    expect(carried).toContain(rare);
    expect(carried.slice(0, 999)).toEqual(many.slice(0, 999));
  });

  test('is all of them when they fit', () => {
    expect(bestOf(many.slice(0, 1_000), 1_000)).toHaveLength(1_000);
  });
});
