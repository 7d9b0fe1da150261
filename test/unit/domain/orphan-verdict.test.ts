import { describe, expect, test } from 'vitest';
import { SWEEP_SIGHTINGS_GAP_MS } from '../../../src/domain/deadlines.ts';
import type { TaggedInstance } from '../../../src/domain/names.ts';
import {
  judgeInstance,
  mayOwn,
  noted,
  type LedgerEntry,
  type Owners,
  type RunningOwner,
} from '../../../src/domain/orphan-verdict.ts';

const NOW = Date.UTC(2026, 10, 25);
const NAMESPACE = '0b7e9f7e-1111-4222-8333-444455556666';
const RUN = 'run-that-launched';
const INSTANCE: TaggedInstance = {
  instanceId: 'a'.repeat(32),
  status: 'active',
  node: 'trainer-1',
  launchToken: 'token-1',
  namespaceId: NAMESPACE,
  runId: RUN,
};
const RUN_ENDED: Owners = { taggedRunFound: true };
const SIGHTED: LedgerEntry = { listedAt: NOW, ownerlessSince: NOW - SWEEP_SIGHTINGS_GAP_MS };

function keeper(change: Partial<RunningOwner> = {}): RunningOwner {
  return { workflowId: 'node/trainer-1', firstRunId: 'keeper-run', tokens: ['token-1'], ...change };
}

function provision(change: Partial<RunningOwner> = {}): RunningOwner {
  return { workflowId: 'provision-node/trainer-1', firstRunId: RUN, tokens: ['token-1'], ...change };
}

function verdict(owners: Owners, change: Partial<TaggedInstance> = {}, before: LedgerEntry | undefined = SIGHTED) {
  return judgeInstance({ ...INSTANCE, ...change }, owners, NAMESPACE, before, NOW, SWEEP_SIGHTINGS_GAP_MS);
}

describe('an instance is owned', () => {
  test.each([
    ['by the provision that lists its token', { provision: provision() }],
    ['by the keeper that lists its token', { keeper: keeper() }],
    ['by a keeper that knows it by its id', { keeper: keeper({ instanceId: INSTANCE.instanceId }) }],
  ] as const)('%s', (_who, running) => {
    expect(verdict({ ...running, taggedRunFound: true })).toMatchObject({ kind: 'owned' });
  });

  test('also when another namespace tagged it: who lists it owns it', () => {
    expect(verdict({ keeper: keeper(), taggedRunFound: false }, { namespaceId: 'former' })).toMatchObject({
      kind: 'owned',
    });
  });

  test('also after a hundred sightings without an owner: the ledger never outweighs an owner', () => {
    const before = { listedAt: NOW, ownerlessSince: 0, askedAt: 0 };
    expect(verdict({ keeper: keeper(), taggedRunFound: true }, {}, before)).toMatchObject({ kind: 'owned' });
  });
});

describe('an instance is an orphan', () => {
  test('when the run that launched it has ended, nobody lists it, and that was so ten minutes ago', () => {
    expect(verdict(RUN_ENDED)).toMatchObject({ kind: 'orphan' });
  });

  test('but at the first sighting only suspected', () => {
    expect(verdict(RUN_ENDED, {}, { listedAt: NOW })).toMatchObject({ kind: 'suspected' });
    expect(judgeInstance(INSTANCE, RUN_ENDED, NAMESPACE, undefined, NOW, SWEEP_SIGHTINGS_GAP_MS)).toMatchObject({
      kind: 'suspected',
    });
  });

  test('and not a moment before the second sighting is due', () => {
    const soon = { listedAt: NOW, ownerlessSince: NOW - SWEEP_SIGHTINGS_GAP_MS + 1 };
    expect(verdict(RUN_ENDED, {}, soon)).toMatchObject({ kind: 'suspected' });
  });

  test('although a keeper of its name runs, if that one lists another token', () => {
    expect(verdict({ keeper: keeper({ tokens: ['token-2'] }), taggedRunFound: true })).toMatchObject({
      kind: 'orphan',
    });
  });

  test('although its token is listed, if the owner has adopted another instance of that token', () => {
    const owner = keeper({ instanceId: 'b'.repeat(32) });
    expect(verdict({ keeper: owner, taggedRunFound: true })).toMatchObject({ kind: 'orphan' });
  });

  test('although Temporal has forgotten the run, if an earlier sweep saw the instance owned', () => {
    const before = { ...SIGHTED, ownedAt: NOW - 1e9 };
    expect(verdict({ taggedRunFound: false }, {}, before)).toMatchObject({ kind: 'orphan' });
  });

  test('but is not asked to end again while it is terminating', () => {
    expect(verdict(RUN_ENDED, { status: 'terminating' })).toMatchObject({ kind: 'ending' });
  });
});

describe('an instance cannot be judged, and is only reported,', () => {
  const { launchToken, ...withoutToken } = INSTANCE;
  test.each<readonly [string, Owners, TaggedInstance]>([
    ['when Temporal never heard of the run', { taggedRunFound: false }, INSTANCE],
    ['when another namespace tagged it', RUN_ENDED, { ...INSTANCE, namespaceId: 'another' }],
    [
      'when its keeper runs with a memo that cannot be read',
      { keeper: keeper({ tokens: 'unreadable' }), taggedRunFound: true },
      INSTANCE,
    ],
    [
      'when the very run that launched it runs and does not list it',
      { provision: provision({ tokens: [] }), taggedRunFound: true },
      INSTANCE,
    ],
    [`when it has lost its launch token (${launchToken ?? ''})`, RUN_ENDED, withoutToken],
  ])('%s', (_why, owners, instance) => {
    expect(judgeInstance(instance, owners, NAMESPACE, SIGHTED, NOW, SWEEP_SIGHTINGS_GAP_MS)).toMatchObject({
      kind: 'unknown',
    });
  });
});

test('what Lambda shows as terminated or preempted is nobody to end', () => {
  for (const status of ['terminated', 'preempted']) {
    expect(verdict(RUN_ENDED, { status })).toMatchObject({ kind: 'ended' });
  }
});

describe('the ledger', () => {
  test('remembers that an instance was owned when it no longer is', () => {
    const owned = noted(undefined, { kind: 'owned', reason: '' }, NOW - 5);
    const entry = noted(owned, { kind: 'suspected', reason: '' }, NOW);
    expect(entry).toEqual({ listedAt: NOW, ownedAt: NOW - 5, ownerlessSince: NOW });
  });

  test('keeps the first sighting through the next ones, and forgets it when somebody owns the instance again', () => {
    const first = noted(undefined, { kind: 'suspected', reason: '' }, NOW);
    const second = noted(first, { kind: 'orphan', reason: '' }, NOW + 10);
    expect(second.ownerlessSince).toBe(NOW);
    expect(noted(second, { kind: 'owned', reason: '' }, NOW + 20)).toEqual({ listedAt: NOW + 20, ownedAt: NOW + 20 });
  });

  test('forgets the first sighting when the instance could not be judged in between', () => {
    const first = noted(undefined, { kind: 'suspected', reason: '' }, NOW);
    const unknown = noted(first, { kind: 'unknown', reason: '' }, NOW + 10);
    expect(unknown.ownerlessSince).toBeUndefined();
  });
});

test('by hand nothing is done to what a running owner lists, or may list; what its launcher gave up is free', () => {
  expect(mayOwn(keeper(), INSTANCE)).toBe(true);
  expect(mayOwn(keeper({ tokens: 'unreadable' }), INSTANCE)).toBe(true);
  expect(mayOwn(provision({ tokens: [] }), INSTANCE)).toBe(false);
  expect(mayOwn(keeper({ tokens: ['token-2'] }), INSTANCE)).toBe(false);
});
