import { afterEach, expect, test } from 'vitest';
import { clearGpusSignal, condemnedGpusQuery, condemnGpusSignal } from '../../src/contract/account-broker.ts';
import { accountBrokerId, WORKFLOW_TYPE } from '../../src/contract/workflow-ids.ts';
import { skippedWorld, type SkippedWorld } from '../support/skipped-world.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

let world: SkippedWorld | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

/** A broker that has been told of these, and how to talk to it. */
async function broker(uuids: readonly string[], input: object = {}) {
  world = await skippedWorld();
  const { client, taskQueue, account, temporal } = world;
  const workflowId = accountBrokerId(account);
  const started = await client.workflow.signalWithStart(WORKFLOW_TYPE.accountBroker, {
    workflowId,
    taskQueue,
    args: [input],
    signal: condemnGpusSignal,
    signalArgs: [{ uuids, reason: '802', forMs: DAY_MS }],
  });
  const handle = client.workflow.getHandle(workflowId);
  const known = async (): Promise<readonly string[]> =>
    (await handle.query(condemnedGpusQuery)).map(({ uuid }) => uuid).toSorted();
  return { handle, known, started, temporal };
}

test('remembers condemned GPUs for their time, each once, and ends when none is left', async () => {
  const { handle, known, temporal } = await broker(['GPU-a', 'GPU-b']);
  await handle.signal(condemnGpusSignal, { uuids: ['GPU-b', 'GPU-c'], reason: '7 of 8', forMs: 2 * DAY_MS });
  expect(await known()).toEqual(['GPU-a', 'GPU-b', 'GPU-c']);
  const [b] = (await handle.query(condemnedGpusQuery)).filter(({ uuid }) => uuid === 'GPU-b');
  expect(b).toMatchObject({ reason: '7 of 8', until: (b?.at ?? 0) + 2 * DAY_MS });

  await temporal.sleep(DAY_MS + MINUTE_MS);
  expect(await known()).toEqual(['GPU-b', 'GPU-c']);
  await temporal.sleep(DAY_MS + 5 * MINUTE_MS);
  await handle.result();
});

test('forgets GPUs that were seen to work, and ends with the last of them', async () => {
  const { handle, known } = await broker(['GPU-a', 'GPU-b']);
  await handle.signal(clearGpusSignal, { uuids: ['GPU-a', 'GPU-unknown'] });
  expect(await known()).toEqual(['GPU-b']);
  await handle.signal(clearGpusSignal, { uuids: ['GPU-b'] });
  await handle.result();
});

test('keeps its memory over many messages, in runs with small histories', async () => {
  const { handle, known, started } = await broker(['GPU-a']);
  for (let sent = 0; sent < 500; sent++) {
    await handle.signal(condemnGpusSignal, { uuids: [`GPU-${sent % 10}`], reason: '', forMs: DAY_MS });
  }
  await expect.poll(async () => (await handle.describe()).runId, { timeout: 30_000 }).not.toBe(started.signaledRunId);
  expect(await known()).toHaveLength(11);
});

test('passes over what it cannot read, in what it was handed and in what it is told', async () => {
  const at = Date.now();
  const condemnedGpus = [{ uuid: 'GPU-old', reason: 'x', at, until: at + 30 * DAY_MS, more: 1 }, { uuid: 5 }, null];
  const { handle, known } = await broker(['GPU-a'], { condemnedGpus, other: true });
  for (const nonsense of [undefined, null, 'GPU-x', { uuids: 'GPU-x' }, { uuids: [7], reason: 1, forMs: 'long' }]) {
    await handle.signal('condemnGpus', nonsense);
    await handle.signal('clearGpus', nonsense);
  }
  expect(await known()).toEqual(['GPU-a', 'GPU-old']);
});
