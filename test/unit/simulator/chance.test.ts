import { describe, expect, test } from 'vitest';
import { AddressBook } from '../../../src/simulator/addresses.ts';
import { onOffWindows } from '../../../src/simulator/capacity-process.ts';
import { DEFAULT_BOOT_MODEL, drawBootTimes } from '../../../src/simulator/boot-model.ts';
import { seededRandom } from '../../../src/simulator/random.ts';

describe('seeded chance', () => {
  test('repeats for the same seed and labels, and differs for others', () => {
    const draw = (...labels: (string | number)[]): string => seededRandom(7, ...labels).hex(32);
    expect(draw('launch', 1)).toBe(draw('launch', 1));
    expect(
      new Set([draw('launch', 1), draw('launch', 2), draw('launch'), seededRandom(8, 'launch', 1).hex(32)]).size,
    ).toBe(4);
  });

  test('fills its range evenly enough', () => {
    const random = seededRandom(1);
    const tenths = new Set(Array.from({ length: 500 }, () => Math.floor(random.next() * 10)));
    expect([...tenths].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(seededRandom(2).uuid()).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  });
});

describe('addresses', () => {
  test('are all different, all loopback, and never those of the host itself', () => {
    const book = new AddressBook({ seed: 7, reuse: false });
    const taken = Array.from({ length: 20_000 }, () => book.take());
    expect(new Set(taken).size).toBe(taken.length);
    expect(taken.filter((address) => !/^127\.[1-9]\d*\.[1-9]\d*\.[1-9]\d*$/.test(address))).toEqual([]);
    expect(taken.flatMap((address) => address.split('.').map(Number)).filter((octet) => octet > 254)).toEqual([]);
  });

  test('come back at once where reuse is asked for', () => {
    const book = new AddressBook({ seed: 7, reuse: true });
    const address = book.take();
    expect(book.take()).not.toBe(address);
    book.giveBack(address);
    expect(book.take()).toBe(address);
  });
});

describe('boot times', () => {
  test('lie in the ranges that were measured, by size', () => {
    for (let launch = 0; launch < 200; launch++) {
      const { addressMs, activeMs } = drawBootTimes(DEFAULT_BOOT_MODEL, 1, seededRandom(7, launch));
      expect(addressMs).toBeGreaterThanOrEqual(22_000);
      expect(addressMs).toBeLessThanOrEqual(31_000);
      expect(activeMs).toBeGreaterThanOrEqual(110_000);
      expect(activeMs).toBeLessThanOrEqual(330_000);
      expect(drawBootTimes(DEFAULT_BOOT_MODEL, 8, seededRandom(7, launch)).activeMs).toBeGreaterThanOrEqual(600_000);
    }
  });
});

test('a boot is now and then far longer than all others, as often as told', () => {
  const model = { ...DEFAULT_BOOT_MODEL, outlierProbability: 0.25 };
  const boots = Array.from({ length: 400 }, (_, launch) => drawBootTimes(model, 1, seededRandom(7, launch)).activeMs);
  expect(boots.filter((ms) => ms === 860_000).length / boots.length).toBeCloseTo(0.25, 1);
});

describe('capacity that comes and goes', () => {
  const shareOf = (type: string): number => {
    const presence = onOffWindows(type, seededRandom(7, type));
    const polls = Array.from({ length: 50_000 }, (_, poll) => presence.at(poll * 120_000));
    return polls.filter(Boolean).length / polls.length;
  };

  test.each([
    ['gpu_1x_a100_sxm4', 1],
    ['gpu_1x_h100_pcie', 0.72],
    ['gpu_1x_h100_sxm5', 0.23],
    ['gpu_1x_b200_sxm6', 0],
  ])('%s is there for a share of %f of the time', (type, share) => {
    expect(shareOf(type)).toBeCloseTo(share, 1);
  });

  test('answers the same whichever time is asked first', () => {
    const forward = onOffWindows('gpu_1x_h100_sxm5', seededRandom(7));
    const backward = onOffWindows('gpu_1x_h100_sxm5', seededRandom(7));
    const times = Array.from({ length: 500 }, (_, minute) => minute * 60_000);
    const seen = times.map((time) => forward.at(time));
    expect(
      times
        .toReversed()
        .map((time) => backward.at(time))
        .reverse(),
    ).toEqual(seen);
  });
});
