import { expect, test } from 'vitest';
import { adoptedText } from '../../../src/cli/commands/adopt.ts';
import { releasedText } from '../../../src/cli/commands/release.ts';
import { exitCodeOf } from '../../../src/cli/exit-codes.ts';
import { explain } from '../../../src/cli/explain.ts';
import { requireNobody, sweepText } from '../../../src/cli/sweep-text.ts';
import type { Judgement, SweepReport } from '../../../src/sdk/index.ts';

const NONE: SweepReport['counts'] = { owned: 0, suspected: 0, orphan: 0, ending: 0, ended: 0, unknown: 0 };
const AT = '2026-11-25T09:20:00.000Z';

function report(change: Partial<SweepReport> = {}): SweepReport {
  return {
    ...{ at: AT, dryRun: false, counts: NONE, ended: [], proven: [], unproven: 0, reported: [], owners: [] },
    ...change,
  };
}

function judgement(digit: string, change: Partial<Judgement> = {}): Judgement {
  return {
    instanceId: digit.repeat(32),
    verdict: 'owned',
    reason: 'node/trainer-1 lists its launch token',
    status: 'active',
    instanceType: 'gpu_1x_a10',
    region: 'us-east-1',
    pricePerHourUsd: 1.29,
    node: 'trainer-1',
    ...change,
  };
}

const SUSPECTED = judgement('b', {
  verdict: 'suspected',
  reason: 'nobody lists it',
  node: 'trainer-2',
  ownerlessSince: '2026-11-25T09:11:30.000Z',
});
const UNKNOWN = judgement('c', { verdict: 'unknown', reason: 'its tags are incomplete', status: 'weird\nword' });

/** The reasons for which a person should look; undefined: none. */
function personNeeded(of: SweepReport): { code: number; said: string; advice: string | undefined } | undefined {
  try {
    requireNobody(of);
  } catch (error) {
    const { sentence = '', advice } = explain(error) ?? {};
    return { code: exitCodeOf(error), said: sentence, advice };
  }
  return undefined;
}

test('a dry run shows each instance with its verdict and the reason, then one line in sum', () => {
  const dry = report({
    dryRun: true,
    counts: { ...NONE, owned: 1, suspected: 1 },
    reported: [judgement('a'), SUSPECTED],
  });
  expect(sweepText(dry)).toBe(
    [
      'INSTANCE                          VERDICT    NODE       STATUS  TYPE        PRICE    SINCE   REASON',
      `${'a'.repeat(32)}  owned      trainer-1  active  gpu_1x_a10  $1.29/h  -       node/trainer-1 lists its launch token`,
      `${'b'.repeat(32)}  suspected  trainer-2  active  gpu_1x_a10  $1.29/h  8m 30s  nobody lists it`,
      'dry run: 2 instances of ours: 1 owned, 1 suspected; nothing was ended\n',
    ].join('\n'),
  );
  expect(personNeeded(dry)).toBeUndefined();
});

test('with nothing of ours there is one line, and nobody has to look', () => {
  expect(sweepText(report())).toBe('0 instances of ours; 0 asked to end\n');
  expect(personNeeded(report())).toBeUndefined();
});

test('a sweep names what it ended, and what earlier ones had ended', () => {
  const swept = report({
    counts: { ...NONE, owned: 3, orphan: 1, ended: 1 },
    ended: ['d'.repeat(32)],
    proven: ['e'.repeat(32)],
    unproven: 1,
    reported: [judgement('d', { verdict: 'orphan', ownerlessSince: '2026-11-25T09:00:00.000Z' })],
  });
  const text = sweepText(swept);
  expect(text).toMatch(/^d{32} +orphan +trainer-1 .* 20m /m);
  expect(text).toContain(
    `asked Lambda to end ${'d'.repeat(32)}; should it still be there, the next sweep asks again\n`,
  );
  expect(text).toContain(`proven gone: ${'e'.repeat(32)}\n`);
  expect(text).toMatch(
    /\n5 instances of ours: 3 owned, 1 orphan, 1 ended; 1 asked to end; 1 proven gone; 1 not proven gone yet\n$/,
  );
  expect(personNeeded(swept)).toBeUndefined();
});

test('the brake is said after the sum, with what it would take, and a person should look', () => {
  const stopped = '6 of our 8 live instances seem to have no owner: allow it (sweep --allow 6)';
  const counts = { ...NONE, owned: 2, orphan: 6 };
  const dry = report({ dryRun: true, counts, stopped });
  expect(sweepText(dry)).toMatch(/nothing was ended\na sweep would end nothing: 6 of our 8 .*\(sweep --allow 6\)\n$/);
  expect(personNeeded(dry)).toEqual({ code: 8, said: 'a person should look: the brake would stop a sweep' });
  const swept = report({ counts, stopped });
  expect(sweepText(swept)).toMatch(/\nstopped, and nothing was ended: 6 of our 8 /);
  expect(personNeeded(swept)).toEqual({ code: 8, said: 'a person should look: the brake stopped the sweep' });
});

test('what cannot be judged and owners in trouble are shown, and a person should look', () => {
  const trouble = report({
    counts: { ...NONE, unknown: 1 },
    reported: [UNKNOWN],
    owners: [
      { workflowId: 'node/trainer-1', problem: 'its workflow task has failed 7 times in a row' },
      { workflowId: 'provision-node/t', problem: 'it should have been done by then' },
    ],
  });
  expect(sweepText(trouble)).toContain(
    [
      'owners in trouble:',
      '  node/trainer-1    its workflow task has failed 7 times in a row',
      '  provision-node/t  it should have been done by then',
      '1 instance of ours: 1 unknown; 0 asked to end',
    ].join('\n'),
  );
  const needed = personNeeded(trouble);
  expect(needed).toMatchObject({
    code: 8,
    said: 'a person should look: 1 instance cannot be judged; 2 owners in trouble',
  });
  for (const command of ['adopt', 'release', 'sweep --end']) expect(needed?.advice).toContain(command);
});

test('what a cloud says cannot break a line, and what the report leaves out is counted', () => {
  const text = sweepText(report({ counts: { ...NONE, owned: 9, unknown: 4, ended: 2 }, reported: [UNKNOWN] }));
  expect(text).toContain('weird word');
  expect(text).toContain('\n… and 3 more\n');
});

test('an adopted instance is said to be a node again, and what is left of its former life is said too', () => {
  const adopted = { instanceId: 'a'.repeat(32), node: 'trainer-1', keeper: 'node/trainer-1' };
  expect(adoptedText(adopted)).toBe(`${'a'.repeat(32)} is node trainer-1 again, kept by node/trainer-1\n`);
  expect(adoptedText({ ...adopted, tagsLeft: 'Lambda said no' })).toContain(
    'so no sweep ends it should node/trainer-1 be terminated: Lambda said no\n',
  );
});

test('a released instance is said to run on, and to cost', () => {
  expect(releasedText({ instanceId: 'a'.repeat(32), node: 'trainer-1' })).toMatch(
    /\(formerly node trainer-1\).*billed/,
  );
  expect(releasedText({ instanceId: 'a'.repeat(32) })).toMatch(/^a{32} carries our tags no more/);
});
