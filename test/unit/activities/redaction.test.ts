import { describe, expect, test } from 'vitest';
import { redactionOf } from '../../../src/activities/redaction.ts';
import { shownLines } from '../../../src/activities/shown-lines.ts';

describe('redaction', () => {
  test('takes out every occurrence, the longest secret first', () => {
    const { apply } = redactionOf(['hunter', 'hunter22']);
    expect(apply('a hunter22 b hunter c hunter22')).toBe('a [redacted] b [redacted] c [redacted]');
  });

  test('does not look for what is too short to be one, nor for nothing', () => {
    const { apply } = redactionOf(['abc', '']);
    expect(apply('abc')).toBe('abc');
  });

  test('takes out the lines of a secret of several, wherever they stand', () => {
    const { apply } = redactionOf(['-----BEGIN-----\nMIIEvQIBADANB\nx\n']);
    expect(apply('  > MIIEvQIBADANB <\nx')).toBe('  > [redacted] <\nx');
  });

  test('takes out the piece of a secret that was just being printed', () => {
    const { apply } = redactionOf(['hunter22-and-more']);
    expect(apply('login with hunter2')).toBe('login with [redacted]');
    expect(apply('login with hun')).toBe('login with hun');
  });

  test('takes out the piece through which the beginning was cut, if it was', () => {
    const { apply } = redactionOf(['hunter22-and-more']);
    expect(apply('and-more is accepted', { beginningIsCut: true })).toBe('[redacted] is accepted');
    expect(apply('and-more is accepted')).toBe('and-more is accepted');
  });

  test('reads nothing in a secret as a pattern, or as a replacement', () => {
    const { apply } = redactionOf(['$&.*(']);
    expect(apply('x$&.*(x')).toBe('x[redacted]x');
  });
});

describe('what is shown of an output', () => {
  test('is its last lines that say something, without colours', () => {
    expect(shownLines('a\n\n\u001b[31mred\u001b[0m\n  \nb\tc\u0007\n', 2)).toEqual(['red', 'b\tc']);
  });

  test('takes what overwrites a line for a line', () => {
    expect(shownLines('10%\r20%\r30%', 2)).toEqual(['20%', '30%']);
  });

  test('is the end of a line that is too long', () => {
    const [line = ''] = shownLines(`${'a'.repeat(5_000)}end`, 1);
    expect(line).toMatch(/^…a+end$/);
    expect(line.length).toBeLessThan(1_100);
  });
});
