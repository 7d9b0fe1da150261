import { afterEach, expect, test } from 'vitest';
import { condemnedGpusQuery } from '../../src/contract/account-broker.ts';
import { progressQuery } from '../../src/contract/messages.ts';
import { accountBrokerId } from '../../src/contract/workflow-ids.ts';
import type { WorldOptions } from '../../src/demo/world.ts';
import { expectCleanSlate } from '../support/clean-slate.ts';
import { endingOf, startProvision } from '../support/provisions.ts';
import { skippedWorld, type SkippedWorld } from '../support/skipped-world.ts';

// What becomes of a provision by what its machine's GPUs do (P7): no node is ready whose GPUs are not, and no good machine is given up.

let world: SkippedWorld | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

async function provision(request: Readonly<Record<string, unknown>>, options: Partial<WorldOptions>) {
  world = await skippedWorld(options);
  const { client, taskQueue, simulator } = world;
  const handle = await startProvision(client, taskQueue, { region: 'us-east-1', ...request });
  const ending = await endingOf(handle.result());
  const { launches } = await handle.query(progressQuery);
  return { ending, simulator, client, failures: launches.map(({ failure }) => failure) };
}

test('a machine with CUDA 802 is replaced; the next launch on the same host is recognised by its first look', async () => {
  const { ending, failures, simulator, client } = await provision(
    {},
    { faults: [{ on: 'instance', launch: [1, 2], do: { kind: 'cuda-error', code: 802 } }] },
  );
  expect(ending).toMatchObject({ type: 'completed' });
  expect(failures).toEqual([
    expect.stringMatching(/802 \(system not yet initialized\), in 4 looks over/),
    expect.stringMatching(/802 \(system not yet initialized\); seen broken before, at /),
    undefined,
  ]);
  // In that region there is one host with room at a time: the third launch got it repaired, and nothing of it is remembered.
  const hosts = simulator.record.instances.map(({ gpuUuids }) => gpuUuids.join());
  expect(new Set(hosts).size).toBe(1);
  const handle = client.workflow.getHandle(accountBrokerId(world?.account));
  expect(await handle.query(condemnedGpusQuery)).toEqual([]);
  expectCleanSlate(simulator, { alive: 1 });
});

test('a machine whose CUDA comes up within four looks is kept', async () => {
  const { ending, failures, simulator } = await provision(
    {},
    {
      faults: [{ on: 'instance', do: { kind: 'cuda-error', code: 802, recoversAfterMs: 400_000 } }],
      looks: { gpuMs: 2_000 },
    },
  );
  expect(ending).toMatchObject({ type: 'completed' });
  expect(failures).toEqual([undefined]);
  expectCleanSlate(simulator, { alive: 1 });
});

test('a machine with seven of eight GPUs is replaced by one with all of them', async () => {
  const { ending, failures, simulator } = await provision(
    { instanceType: 'gpu_8x_h100_sxm5' },
    { faults: [{ on: 'instance', launch: 1, do: { kind: 'gpus-missing', gpus: [4] } }] },
  );
  expect(ending).toMatchObject({ type: 'completed' });
  expect(failures).toEqual([expect.stringMatching(/only 7 of 8 GPUs are there/), undefined]);
  const [, second] = simulator.record.instances;
  const node = JSON.parse(ending.message) as { gpus: { uuid: string }[] };
  expect(node.gpus.map(({ uuid }) => uuid)).toEqual(second?.gpuUuids);
  expectCleanSlate(simulator, { alive: 1 });
});

test('a machine with other GPUs than were ordered is replaced', async () => {
  const { ending, failures } = await provision(
    {},
    { faults: [{ on: 'instance', launch: 1, do: { kind: 'wrong-gpus', model: 'a10' } }] },
  );
  expect(ending).toMatchObject({ type: 'completed' });
  expect(failures).toEqual([expect.stringMatching(/is NVIDIA A10, and H100 \(80 GB SXM5\) was ordered/), undefined]);
});

test('an image that cannot tell ends the provision with what it lacks, and one launch', async () => {
  const { ending, failures, simulator } = await provision(
    {},
    { faults: [{ on: 'machine', do: { python: 'missing' } }] },
  );
  expect(ending).toMatchObject({ type: 'gpu_unproven' });
  expect(ending.message).toMatch(/no python3; gpuCheck: 'off'/);
  expect(failures).toHaveLength(1);
  expectCleanSlate(simulator);
});
