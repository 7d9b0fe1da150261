import { expect, test } from 'vitest';
import { retryAfterMs } from '../../../src/clients/lambda/retry-after.ts';

const now = Date.parse('2026-10-08T00:00:00Z');

test.each([
  ['0', 0],
  ['12', 12_000],
  [' 1.5 ', 1500],
  ['Thu, 08 Oct 2026 00:01:00 GMT', 60_000],
  ['Thursday, 08-Oct-26 00:00:30 GMT', 30_000],
  ['Wed, 07 Oct 2026 00:00:00 GMT', 0],
])('Retry-After %j means %d ms', (header, ms) => {
  expect(retryAfterMs(header, now)).toBe(ms);
});

test.each([undefined, '', 'soon', '-5', '1e3', '2026-10-08', 'Sometime, 99', 'Noday, what GMT'])(
  'Retry-After %j means nothing',
  (header) => {
    expect(retryAfterMs(header, now)).toBeUndefined();
  },
);
