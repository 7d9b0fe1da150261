import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { UsageError } from '../../../src/cli/usage-error.ts';
import { RunState, type Run } from '../../../src/live-check/state.ts';

async function freshFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'live-check-state-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

function runOf(name: string): Run {
  return {
    name,
    account: name,
    temporal: 'embedded',
    instanceType: 'gpu_1x_a10',
    priceCentsPerHour: 129,
    saidCents: 155,
    startedAt: '2026-01-01T00:00:00.000Z',
    proxy: { port: 1, nonce: 'a' },
  };
}

test('of two that begin together one goes on; the other says why, and changes nothing', async () => {
  const folder = await freshFolder();
  const begun = await Promise.allSettled(['a', 'b'].map((name) => new RunState(folder).begin(runOf(name))));
  const refused = begun.filter(({ status }) => status === 'rejected');
  expect(refused).toHaveLength(1);
  expect(refused[0]).toMatchObject({ reason: expect.any(UsageError) as unknown });
  expect(refused[0]).toMatchObject({ reason: { message: expect.stringContaining('another live-check') as unknown } });
  const winner = begun[0]?.status === 'fulfilled' ? 'a' : 'b';
  expect(await new RunState(folder).read()).toEqual(runOf(winner));
  expect(await readdir(folder)).toEqual(['run.json']);
});

test('the id of the instance is kept until all is proven gone', async () => {
  const state = new RunState(await freshFolder());
  await state.noteInstance('too-early');
  expect(await state.read()).toBeUndefined();
  await state.begin(runOf('a'));
  await state.noteInstance('an-id');
  expect(await state.read()).toEqual({ ...runOf('a'), instanceId: 'an-id' });
  await state.clear();
  expect(await state.read()).toBeUndefined();
});
