import { expect, test } from 'vitest';
import { queueText } from '../../../src/cli/commands/queue.ts';
import type { WaitingLine } from '../../../src/sdk/index.ts';

const NOW = Date.parse('2026-11-25T09:20:00.000Z');

type WaitingNode = WaitingLine['nodes'][number];

function waiting(place: number, change: Partial<WaitingNode> = {}): WaitingNode {
  return {
    name: `trainer-${place}`,
    place,
    priority: 3,
    since: '2026-11-25T09:00:00.000Z',
    until: '2026-12-25T09:00:00.000Z',
    instanceTypes: ['gpu_1x_a10'],
    reason: 'no capacity is listed',
    ...change,
  };
}

test('nobody in the line is one sentence, not an empty table', () => {
  expect(queueText({ total: 0, nodes: [] }, NOW)).toBe('nobody waits for capacity\n');
});

test('each who waits is a line: place, priority, since when, for what, and why', () => {
  const first = waiting(1, {
    priority: 1,
    since: '2026-11-25T07:18:00.000Z',
    instanceTypes: ['gpu_8x_h100_sxm5', 'gpu_1x_a10'],
    regions: ['us-east-1', 'us-south-2'],
    maxPricePerHourUsd: 31.5,
    reason: 'the account has 2 of at most 2 instances',
  });
  expect(queueText({ total: 2, nodes: [first, waiting(2)] }, NOW)).toBe(
    [
      'PLACE  NAME       PRIORITY  WAITING  TYPE                          REGION                 MAX PRICE  WHY',
      '1      trainer-1  1         2h 2m    gpu_8x_h100_sxm5, gpu_1x_a10  us-east-1, us-south-2  $31.50/h   the account has 2 of at most 2 instances',
      '2      trainer-2  3         20m      gpu_1x_a10                    any region             -          no capacity is listed\n',
    ].join('\n'),
  );
});

test('those who are not shown are counted', () => {
  expect(queueText({ total: 12, nodes: [waiting(1), waiting(2)] }, NOW)).toMatch(/\nand 10 more\n$/);
  expect(queueText({ total: 2, nodes: [waiting(1), waiting(2)] }, NOW)).not.toContain('more');
});

test('what a cloud says cannot break a line', () => {
  const lines = queueText({ total: 1, nodes: [waiting(1, { reason: 'no\nroom\u001b[2J' })] }, NOW).split('\n');
  expect(lines).toHaveLength(3);
  expect(lines[1]).toMatch(/no room \[2J$/);
});

test('one who asked a moment ahead of the clock of whoever looks has waited no time', () => {
  expect(queueText({ total: 1, nodes: [waiting(1, { since: '2026-11-25T09:20:03.000Z' })] }, NOW)).toMatch(/ 0s /);
});
