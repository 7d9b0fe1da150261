import { describe, expect, test } from 'vitest';
import { DAY, formatDuration, HOUR, LONGEST_MS, MINUTE, parseDuration, SECOND } from '../../../src/domain/durations.ts';

describe('a duration', () => {
  test.each([
    ['0s', 0],
    ['500ms', 500],
    ['90s', 90 * SECOND],
    ['15m', 15 * MINUTE],
    ['48h', 48 * HOUR],
    ['30d', 30 * DAY],
    ['007m', 7 * MINUTE],
  ])('%s is a whole number and a unit', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each([
    '',
    '5',
    's',
    '-5s',
    '+5s',
    '1.5h',
    '1h30m',
    '5 s',
    ' 5s',
    '5s ',
    '5s\n',
    '5S',
    '5sec',
    '1e3s',
    '1234567890s',
  ])('%j is not one: nothing is guessed', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  test('of the longest kind is still a date when it begins today', () => {
    expect(new Date(Date.now() + LONGEST_MS).toISOString()).toMatch(/^20/);
    expect(parseDuration('3650d')).toBe(LONGEST_MS);
  });
});

describe('a duration for people', () => {
  test.each([
    [0, '0s'],
    [-5, '0s'],
    [0.2, '1ms'],
    [250, '250ms'],
    [999, '999ms'],
    [1_499, '1s'],
    [59_600, '1m'],
    [4 * MINUTE + 10 * SECOND, '4m 10s'],
    [2 * DAY + 3 * HOUR + 59 * MINUTE, '2d 3h'],
    [30 * DAY, '30d'],
  ])('%d ms reads %s: two units at most', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  test('leaves out the smaller unit rather than skip one between: a day and five minutes is about a day', () => {
    expect(formatDuration(DAY + 5 * MINUTE)).toBe('1d');
  });

  test('can be read again, when it is of one unit', () => {
    for (const ms of [250, SECOND, 59 * SECOND, MINUTE, HOUR, DAY, 400 * DAY]) {
      expect(parseDuration(formatDuration(ms))).toBe(ms);
    }
  });
});
