import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { OBSERVERS } from '../../../src/live-check/assumptions.ts';

const ROOT = new URL('../../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');

const ROWS = read('docs/assumptions.md')
  .split('\n')
  .filter((line) => /^\| `/.test(line))
  .map((line) => {
    const [id = '', assumed = '', wrong = '', code = '', liveCheck = ''] = line.slice(1, -1).split(' | ');
    return { id: id.replaceAll(/[ `]/g, ''), assumed, wrong, code, liveCheck: liveCheck.trim() };
  });

describe('docs/assumptions.md', () => {
  test('has each assumption once, and says what follows if it is wrong', () => {
    expect(ROWS.length).toBeGreaterThan(40);
    expect(new Set(ROWS.map(({ id }) => id)).size).toBe(ROWS.length);
    for (const { wrong } of ROWS) expect(wrong).toMatch(/^As above|.{20}/);
  });

  test.each(ROWS)('names code that is there: $id', ({ code }) => {
    const [, file = '', symbol = ''] = /^`([\w./-]+)` `(\w+)`$/.exec(code.trim()) ?? [];
    expect(read(file)).toMatch(new RegExp(`(function|class|const|interface|type) ${symbol}\\b`));
  });

  test('has live-check report what it can see, and nothing else', () => {
    const seen = ROWS.filter(({ liveCheck }) => liveCheck === 'yes').map(({ id }) => id);
    expect(seen.toSorted()).toEqual(Object.keys(OBSERVERS).toSorted());
    for (const { liveCheck } of ROWS) expect(['yes', 'no']).toContain(liveCheck);
  });
});
