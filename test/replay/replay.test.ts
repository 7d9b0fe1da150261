import { expect, inject, test } from 'vitest';
import * as workflows from '../../src/workflows/index.ts';
import { ownVersion, recordings } from './harness/recordings.ts';
import { brokenBy } from './harness/replay.ts';

// P11. Recorded by `npm run record-histories`; docs/upgrading.md says what to do when one of these does not replay any more.

test('every history that any version recorded replays with the workflows of today', async () => {
  const all = recordings();
  expect(all.length).toBeGreaterThan(40);
  expect(await brokenBy(inject('workflowBundlePath'), all)).toEqual({});
});

test('every workflow has a history of this version', () => {
  const recorded = new Set(recordings(({ version }) => version === ownVersion()).map(({ workflow }) => workflow));
  expect([...recorded].sort()).toEqual(Object.keys(workflows).sort());
});
