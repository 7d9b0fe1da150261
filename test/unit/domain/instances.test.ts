import { describe, expect, test } from 'vitest';
import { chooseSurvivor, stateOf } from '../../../src/domain/instances.ts';

describe('the status of an instance', () => {
  test.each([
    ['booting', 'coming'],
    ['active', 'active'],
    ['unhealthy', 'unhealthy'],
    ['terminating', 'ending'],
    ['terminated', 'ended'],
    ['preempted', 'ended'],
  ])('%s means %s', (status, state) => {
    expect(stateOf(status)).toBe(state);
  });

  test.each(['contactable', 'alert', '', 'TERMINATED', 'toString'])(
    '%j is unknown, so it is taken to cost money: it neither counts as ended nor as up',
    (status) => {
      expect(stateOf(status)).toBe('coming');
    },
  );
});

describe('of several instances with one token', () => {
  const a = (instanceId: string, status: string): { instanceId: string; status: string } => ({ instanceId, status });

  test('the one furthest along is kept', () => {
    const all = [a('1', 'terminated'), a('2', 'terminating'), a('3', 'unhealthy'), a('4', 'booting'), a('5', 'active')];
    for (let count = all.length; count > 0; count -= 1) {
      expect(chooseSurvivor(all.slice(0, count))).toBe(all[count - 1]);
    }
  });

  test('and among equals the smallest id, in whatever order Lambda lists them: every look chooses the same', () => {
    const equals = [a('f0', 'booting'), a('0f', 'booting'), a('a1', 'booting')];
    expect(chooseSurvivor(equals)?.instanceId).toBe('0f');
    expect(chooseSurvivor([...equals].reverse())?.instanceId).toBe('0f');
  });

  test('none survives of none', () => {
    const none: ReturnType<typeof a>[] = [];
    expect(chooseSurvivor(none)).toBeUndefined();
  });

  test('the list that was given is left as it was', () => {
    const given = Object.freeze([a('2', 'booting'), a('1', 'active')]);
    expect(chooseSurvivor(given)?.instanceId).toBe('1');
  });
});
