import { expect, test } from 'vitest';
import { brake, readEntries, sightedBy, withEntry, withoutEntry } from '../../../src/domain/ledger.ts';
import { BRAKE_COUNT } from '../../../src/domain/orphan-verdict.ts';

test('an entry that another version wrote is read as far as it is understood, and counts as not noted otherwise', () => {
  const entries = readEntries({
    good: { listedAt: 1, ownedAt: 2, ownerlessSince: 3, askedAt: 4, firstAbsentAt: 5, later: 'x' },
    half: { listedAt: 1, ownerlessSince: 'yesterday' },
    bad: { ownerlessSince: 3 },
    worse: null,
  });
  expect(entries).toEqual({
    good: { listedAt: 1, ownedAt: 2, ownerlessSince: 3, askedAt: 4, firstAbsentAt: 5 },
    half: { listedAt: 1 },
  });
});

test.each([undefined, null, 7, 'ledger', []])('a ledger that is none (%j) is an empty one', (value) => {
  expect(readEntries(value)).toEqual({});
});

test('a first sighting counts from when the list had come, not from when it was asked for', () => {
  const entries = { first: { listedAt: 10, ownerlessSince: 10 }, earlier: { listedAt: 10, ownerlessSince: 4 } };
  expect(sightedBy(entries, 10, 25)).toEqual({
    first: { listedAt: 10, ownerlessSince: 25 },
    earlier: { listedAt: 10, ownerlessSince: 4 },
  });
});

test('entries are changed and dropped by id, and one that is not there is not made up', () => {
  const entries = { a: { listedAt: 1 } };
  expect(withEntry(entries, 'a', { askedAt: 2 })).toEqual({ a: { listedAt: 1, askedAt: 2 } });
  expect(withEntry(entries, 'b', { askedAt: 2 })).toEqual(entries);
  expect(withoutEntry(entries, 'a')).toEqual({});
});

test('the brake lets few orphans through whatever their share, and many only if they are not most of what is alive', () => {
  expect(brake(BRAKE_COUNT, BRAKE_COUNT, undefined)).toBeUndefined();
  expect(brake(BRAKE_COUNT + 1, 2 * (BRAKE_COUNT + 1), undefined)).toBeUndefined();
  expect(brake(BRAKE_COUNT + 1, 2 * BRAKE_COUNT + 1, undefined)).toContain(`sweep --allow ${BRAKE_COUNT + 1}`);
});

test('a person who has looked may allow as many as they saw, not more', () => {
  expect(brake(8, 9, 8)).toBeUndefined();
  expect(brake(8, 9, 7)).toBeDefined();
});
