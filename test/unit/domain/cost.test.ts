import { expect, test } from 'vitest';
import { costUsd } from '../../../src/domain/cost.ts';
import { DAY, HOUR, MINUTE } from '../../../src/domain/durations.ts';

test.each([
  [429, HOUR, 4.29],
  [429, 90 * MINUTE, 6.44],
  [3_192, 2 * MINUTE, 1.06],
  [129, 0, 0],
  [20, MINUTE, 0],
  [3_192, 30 * DAY, 22_982.4],
])('%d cents an hour for %d ms are $%d, to the cent', (cents, ms, usd) => {
  expect(costUsd(cents, ms)).toBe(usd);
});

test('a clock that went back costs nothing, and nothing is earned by it', () => {
  expect(costUsd(429, -HOUR)).toBe(0);
});
