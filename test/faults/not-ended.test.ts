import { afterEach, expect, inject, test } from 'vitest';
import type { Node } from '../../src/contract/provision-node.ts';
import { wakeSignal } from '../../src/contract/messages.ts';
import { keepNodeId } from '../../src/contract/workflow-ids.ts';
import { MINUTE } from '../../src/domain/durations.ts';
import { SEARCH_ATTRIBUTE_TYPES } from '../../src/contract/search-attributes.ts';
import { startTemporalServer, type TemporalServer } from '../../src/temporal-server/index.ts';
import { bundleOf } from './harness/bundle.ts';
import { expectNothingLeft } from './harness/clean.ts';
import { disturb, disturbancesFrom } from './harness/disturbances.ts';
import { Estate, openCloud, pause } from './harness/estate.ts';
import { scaled } from './harness/scale.ts';

// Proof (i): whatever lists, keys, servers and versions do, no working node is ever asked to end (P13, P5).

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function open(account: string, seed: number, address = inject('temporalAddress')): Promise<Estate> {
  const cloud = await openCloud(account, seed);
  closing.push(() => cloud.simulator.close());
  return join(cloud, address);
}

async function join(cloud: Awaited<ReturnType<typeof openCloud>>, address: string): Promise<Estate> {
  const estate = await Estate.open(cloud, address, inject('workflowBundlePath'));
  closing.push(() => estate.close());
  return estate;
}

async function anotherServer(dynamicConfig: Readonly<Record<string, number>> = {}): Promise<TemporalServer> {
  const server = await startTemporalServer({ searchAttributes: SEARCH_ATTRIBUTE_TYPES, dynamicConfig });
  closing.push(() => server.stop());
  return server;
}

function provisionAll(estate: Estate, names: readonly string[]): Promise<Node[]> {
  return Promise.all(names.map((name) => estate.provision(name)));
}

/** Ends them the way callers do, and looks that nothing is left: what was shielded all the time is not unendable. */
async function endAll(estate: Estate, nodes: readonly Node[]): Promise<void> {
  await Promise.all(nodes.map(({ name }) => estate.terminate(name)));
  expectNothingLeft(estate.simulator);
}

const SEEDS = Number(process.env['FAULT_SEEDS'] ?? 2);

test.each(Array.from({ length: SEEDS }, (_, index) => index + 1))(
  'stale lists, a swapped key, failing reads, bad marks and new workers end no kept node (seed %i)',
  async (seed) => {
    const estate = await open(`kept-${process.pid}-${seed}`, seed);
    const nodes = await provisionAll(
      estate,
      ['a', 'b', 'c', 'd'].map((letter) => `kept-${letter}-${process.pid}-${seed}`),
    );
    const disturbances = disturbancesFrom(seed, 40 * MINUTE, nodes.length);
    const [, results] = await Promise.all([disturb(estate, nodes, disturbances), estate.sweeps(5)]);
    expect(results.flatMap(({ ended }) => ended)).toEqual([]);
    for (const node of nodes) await estate.expectKept(node);
    await endAll(estate, nodes);
  },
);

test('without visibility the sweeper judges as before: it asks about owners one by one', async () => {
  const blind = await anotherServer({
    'frontend.namespaceRPS.visibility': 0,
    'frontend.globalNamespaceRPS.visibility': 0,
  });
  const estate = await open(`blind-${process.pid}`, 11, blind.address);
  await expect(estate.client.workflow.count()).rejects.toThrow();
  const nodes = await provisionAll(estate, ['seen', 'unseen']);
  const results = await estate.sweeps(3);
  expect(results.map(({ counts }) => counts.owned)).toEqual([2, 2, 2]);
  for (const node of nodes) await estate.expectKept(node);
  await endAll(estate, nodes);
});

test('a fresh Temporal database ends nothing: what it does not know is reported, and adopted by hand', async () => {
  const cloud = await openCloud(`lost-${process.pid}`, 12);
  closing.push(() => cloud.simulator.close());
  const before = await join(cloud, (await anotherServer()).address);
  const nodes = await provisionAll(before, ['first', 'second']);
  await before.close();

  const after = await join(cloud, (await anotherServer()).address);
  const results = await after.sweeps(3);
  expect(results.flatMap(({ ended }) => ended)).toEqual([]);
  for (const { counts, reported } of results) {
    expect(counts).toMatchObject({ owned: 0, orphan: 0, unknown: 2 });
    for (const { reason } of reported) expect(reason).toContain('another Temporal namespace');
  }
  for (const { instanceId, name } of nodes) {
    expect(await after.execute('adoptInstance', { instanceId })).toEqual({
      instanceId,
      node: name,
      keeper: keepNodeId(name),
    });
  }
  const [adopted] = await after.sweeps(1);
  expect(adopted?.counts).toMatchObject({ owned: 2, unknown: 0 });
  for (const node of nodes) await after.expectKept(node);
  await endAll(after, nodes);
});

test('two namespaces of one name on two servers share an account: neither ends what the other launched', async () => {
  const cloud = await openCloud(`shared-${process.pid}`, 13);
  closing.push(() => cloud.simulator.close());
  const one = await join(cloud, inject('temporalAddress'));
  const other = await join(cloud, (await anotherServer()).address);
  const name = `twin-${process.pid}`;
  const [mine, theirs] = [await one.provision(name), await other.provision(name)];

  const results = (await Promise.all([one.sweeps(3), other.sweeps(3)])).flat();
  expect(results.flatMap(({ ended }) => ended)).toEqual([]);
  for (const { counts } of results) expect(counts).toMatchObject({ owned: 1, unknown: 1 });

  // Ended by force on one side: its remains are ended there, and the namesake of the other side is left alone.
  await one.client.workflow.getHandle(keepNodeId(name)).terminate('by force');
  await one
    .execute('terminateNode', { name })
    .catch((error: unknown) => expect(String(error)).toContain(theirs.instanceId));
  expect(one.simulator.oracles.terminationsOf(mine.instanceId)).not.toEqual([]);
  await other.expectKept(theirs);
  await endAll(other, [theirs]);
});

test('an old and a new worker that do not understand each other stop their nodes from answering, and end none', async () => {
  const estate = await open(`mixed-${process.pid}`, 14);
  const nodes = await provisionAll(
    estate,
    ['x', 'y'].map((letter) => `mixed-${letter}-${process.pid}`),
  );
  const newer = await bundleOf([
    {
      file: 'src/workflows/keep-node.ts',
      from: "  setHandler(wakeSignal, () => undefined, { description: 'Nothing: it only wakes.' });",
      to: '  setHandler(wakeSignal, () => undefined);\n  upsertMemo({ introducedLater: 1 });',
    },
  ]);
  closing.push(() => newer.remove());
  const worker = await estate.startWorker(newer.path);
  const results = estate.sweeps(4);
  const until = performance.now() + scaled(35 * MINUTE);
  while (performance.now() < until) {
    await Promise.all(nodes.map(({ name }) => estate.client.workflow.getHandle(keepNodeId(name)).signal(wakeSignal)));
    await pause(500);
  }
  expect((await results).flatMap(({ ended }) => ended)).toEqual([]);
  await worker.stop();
  for (const node of nodes) await estate.expectKept(node);
  await endAll(estate, nodes);
});
