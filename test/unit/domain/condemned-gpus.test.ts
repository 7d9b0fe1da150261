import { expect, test } from 'vitest';
import {
  MOST_CONDEMNED_GPUS,
  readCondemnation,
  readCondemned,
  stillCondemned,
  withCondemned,
  withoutGpus,
} from '../../../src/domain/condemned-gpus.ts';

const gpu = (uuid: string, at = 0) => ({ uuid, reason: '802', at, until: at + 100 });

test('a GPU is remembered once, as it was seen last', () => {
  expect(withCondemned([gpu('a'), gpu('b')], [gpu('a', 50)])).toEqual([gpu('b'), gpu('a', 50)]);
});

test('of too many, those that were seen last stay', () => {
  const many = Array.from({ length: MOST_CONDEMNED_GPUS }, (_, index) => gpu(`old-${index}`));
  const kept = withCondemned(many, [gpu('new-1'), gpu('new-2')]);
  expect(kept).toHaveLength(MOST_CONDEMNED_GPUS);
  expect([kept[0]?.uuid, kept.at(-1)?.uuid]).toEqual(['old-2', 'new-2']);
});

test('a GPU is forgotten when it works, and when its time is over', () => {
  expect(withoutGpus([gpu('a'), gpu('b')], ['a', 'c'])).toEqual([gpu('b')]);
  expect(stillCondemned([gpu('a'), gpu('b', 50)], 100)).toEqual([gpu('b', 50)]);
});

test('what is told is stamped with the time of who is told', () => {
  expect(readCondemnation({ uuids: ['a', 7, 'b'], reason: '802', forMs: 100, more: 1 }, 50)).toEqual([
    gpu('a', 50),
    gpu('b', 50),
  ]);
});

test.each([undefined, null, 5, 'a', {}, { uuids: 'a', forMs: 1 }, { uuids: ['a'] }, { uuids: ['a'], forMs: '1' }])(
  'nothing is read from %j',
  (told) => {
    expect(readCondemnation(told, 0)).toEqual([]);
    expect(readCondemned(told)).toEqual([]);
  },
);

test('of a memory that another version wrote, what can be read counts', () => {
  expect(readCondemned([gpu('a'), { uuid: 'b', at: 0 }, 'c', { ...gpu('d'), reason: 3, more: true }])).toEqual([
    gpu('a'),
    { ...gpu('d'), reason: '' },
  ]);
});
