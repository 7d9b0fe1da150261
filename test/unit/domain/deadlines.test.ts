import { describe, expect, test } from 'vitest';
import {
  ABSENCE_GAP_MS,
  ATTENTION_AFTER_MS,
  DEFAULT_DEADLINES,
  LAUNCH_START_TO_CLOSE_MS,
  refusedOfferingRestMs,
  SETTLE_LOOK_MS,
  SETTLE_WINDOW_MS,
  WAIT_FOR_ENDING_KEEPER_MS,
} from '../../../src/domain/deadlines.ts';
import { MINUTE, SECOND } from '../../../src/domain/durations.ts';

describe('deadlines fit together', () => {
  test('the settle window outlasts a launch request under way and the longest time a new instance was missing from lists', () => {
    const longestUnlistedSeen = 3 * MINUTE;
    expect(SETTLE_WINDOW_MS).toBeGreaterThan(LAUNCH_START_TO_CLOSE_MS + longestUnlistedSeen);
    expect(SETTLE_LOOK_MS).toBeLessThan(SETTLE_WINDOW_MS / 10);
  });

  test('two absences lie minutes apart', () => {
    expect(ABSENCE_GAP_MS).toBeGreaterThanOrEqual(2 * MINUTE);
  });

  test('a new provision of a name waits longer than the proof for its predecessor may take', () => {
    expect(WAIT_FOR_ENDING_KEEPER_MS).toBeGreaterThan(SETTLE_WINDOW_MS + 2 * ABSENCE_GAP_MS + ATTENTION_AFTER_MS);
  });

  test('a boot may take as long as the slowest that was seen (857 s), an address and a heartbeat several times their usual', () => {
    expect(DEFAULT_DEADLINES.activeMs).toBeGreaterThan(857 * SECOND);
    expect(DEFAULT_DEADLINES.addressMs).toBeGreaterThan(10 * 31 * SECOND);
    expect(DEFAULT_DEADLINES.registrationMs).toBeGreaterThan(3 * 30 * SECOND);
  });
});

test('an offering rests longer with each refusal in a row, but never so long that a window of 84 s is slept through twice', () => {
  const rests = [1, 2, 3, 4, 5, 50, 5_000].map(refusedOfferingRestMs);
  expect(rests).toEqual([0, 20, 40, 80, 120, 120, 120].map((seconds) => seconds * SECOND));
});
