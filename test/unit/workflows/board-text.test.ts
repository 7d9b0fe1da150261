import { expect, test } from 'vitest';
import { currentDetails, type BoardView } from '../../../src/workflows/board-text.ts';

const T0 = Date.UTC(2026, 10, 28, 14, 4, 7, 250);
const MINUTE = 60_000;

const VIEW: BoardView = {
  name: 'trainer-1',
  phase: 'accepted',
  since: T0,
  requestedAt: T0,
  now: T0,
  about: { facts: ['wanted: gpu_1x_a10 in any region'], inLine: 'see the line', ifCancelled: 'cancelling undoes it' },
  detail: undefined,
  ending: undefined,
  standing: undefined,
  step: undefined,
  attention: undefined,
  instanceId: undefined,
  address: undefined,
  machine: undefined,
  refusals: 0,
  entries: [],
};

const LAUNCH = { token: 't1', instanceType: 'gpu_1x_a10', region: 'us-east-1', sentAt: '2026-11-28T14:04:07.250Z' };

function lines(view: Partial<BoardView>): string[] {
  return currentDetails({ ...VIEW, ...view }).split('\n');
}

test('every line is an item of one list, whatever is in it: the UI draws neither tables nor inner lists', () => {
  const shown = lines({
    phase: 'bootstrapping',
    detail: 'two\n\nlines\tof it',
    attention: '- a list\n# of its own',
    machine: { launchToken: 't1', step: 'pull', seconds: 75, lastLines: ['a `quoted` one', '', '**bold**'] },
  });
  for (const line of shown) expect(line).toMatch(/^- \S/);
  expect(shown[0]).toBe('- **bootstrapping** since 2026-11-28 14:04:07 UTC: two lines of it');
  expect(shown[1]).toBe('- **needs attention:** - a list # of its own');
  expect(shown).toContain("- `a 'quoted' one`");
  expect(shown).toContain('- `**bold**`');
  expect(shown.join('\n')).toContain('on the machine: **pull**, 1m 15s after the first step began');
});

test('what would be a formula or a tag is not, and code stays as it is', () => {
  const detail = 'costs $12 of at most $10, <b>not</b> `echo $HOME <x>`';
  expect(lines({ detail })[0]).toBe(
    '- **accepted** since 2026-11-28 14:04:07 UTC: costs \\$12 of at most \\$10, \\<b>not\\</b> `echo $HOME <x>`',
  );
});

test('who waits sees its place, when that was so and why, and where the whole line is shown', () => {
  const phase = 'waiting_for_capacity';
  const standing = { place: 3, total: 4, reason: 'no capacity for gpu_1x_a10', at: T0 + MINUTE };
  expect(lines({ phase })).toContain('- its place in the line is known in a minute or two');
  const shown = lines({ phase, standing });
  expect(shown).toContain('- place **3 of 4** in the line at 2026-11-28 14:05:07 UTC: no capacity for gpu_1x_a10');
  expect(shown).toContain('- see the line');
  expect(shown).toContain('- cost: nothing so far');
  expect(lines({ phase: 'launching', standing })).not.toContain('- see the line');
});

test('what it costs is a sum up to a time and a rate from then on, so that it stays true unwritten', () => {
  const running = { record: LAUNCH, priceCentsPerHour: 129, from: T0 };
  const undone = {
    ...running,
    record: { ...LAUNCH, failure: 'it never answered' },
    priceCentsPerHour: 600,
    until: T0 + 10 * MINUTE,
  };
  const now = T0 + 20 * MINUTE;
  expect(lines({ phase: 'booting', now, entries: [undone, running] })).toEqual(
    expect.arrayContaining([
      '- launch 1: `gpu_1x_a10` in `us-east-1`, sent at 2026-11-28 14:04:07 UTC, \\$6.00 an hour; undone at 2026-11-28 14:14:07 UTC: it never answered',
      '- launch 2: `gpu_1x_a10` in `us-east-1`, sent at 2026-11-28 14:04:07 UTC, \\$1.29 an hour',
      '- cost: about \\$1.43 up to 2026-11-28 14:24:07 UTC, and \\$1.29 an hour from then on',
    ]),
  );
  expect(lines({ phase: 'waiting_for_capacity', now, entries: [undone] })).toContain('- cost: about \\$1.00 in all');
});

test('an end without a node says how, why, and that nothing is left; and offers nothing to cancel any more', () => {
  const detail = 'no GPU answers';
  const failed = { how: 'failed', type: 'gpu_unhealthy' } as const;
  const entries = [{ record: LAUNCH, priceCentsPerHour: 129, from: T0, until: T0 + MINUTE }];
  const shown = lines({ phase: 'ended', detail, ending: failed, entries });
  expect(shown.slice(0, 2)).toEqual([
    '- **failed** at 2026-11-28 14:04:07 UTC (`gpu_unhealthy`): no GPU answers',
    '- nothing is left of it: all that was launched is undone, and proven gone',
  ]);
  expect(shown).not.toContain('- cancelling undoes it');
  expect(lines({ phase: 'ended', ending: { how: 'cancelled' } }).slice(0, 2)).toEqual([
    '- **cancelled** at 2026-11-28 14:04:07 UTC',
    '- nothing is left of it: nothing was launched',
  ]);
  expect(lines({ phase: 'booting' })).toContain('- cancelling undoes it');
});
