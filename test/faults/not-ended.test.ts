import { describe, expect, inject, test } from 'vitest';
import type { Node } from '../../src/contract/provision-node.ts';
import { wakeSignal } from '../../src/contract/messages.ts';
import { keepNodeId } from '../../src/contract/workflow-ids.ts';
import { MINUTE } from '../../src/domain/durations.ts';
import { SEARCH_ATTRIBUTE_TYPES } from '../../src/contract/search-attributes.ts';
import { startTemporalServer } from '../../src/temporal-server/index.ts';
import { bundleOf } from './harness/bundle.ts';
import { disturb, disturbancesFrom } from './harness/disturbances.ts';
import { endingOf } from '../support/provisions.ts';
import { Estate, openCloud, pause, type CloudSite } from './harness/estate.ts';
import { scaled } from './harness/scale.ts';
import { expectNothingLeft } from './harness/world.ts';

// Proof (i): whatever lists, keys, servers and versions do, no working node is ever asked to end (P13, P5).

/** What a test opens, closed in the end in the other order. */
class Stage {
  readonly #closing: (() => Promise<unknown>)[] = [];

  async cloud(account: string, seed: number): Promise<CloudSite> {
    const cloud = await openCloud(`${account}-${process.pid}`, seed);
    this.onClose(() => cloud.simulator.close());
    return cloud;
  }

  async estate(cloud: CloudSite, address = inject('temporalAddress')): Promise<Estate> {
    const estate = await Estate.open(cloud, address, inject('workflowBundlePath'));
    this.onClose(() => estate.close());
    return estate;
  }

  async anotherServer(dynamicConfig: Readonly<Record<string, number>> = {}): Promise<string> {
    const server = await startTemporalServer({ searchAttributes: SEARCH_ATTRIBUTE_TYPES, dynamicConfig });
    this.onClose(() => server.stop());
    return server.address;
  }

  onClose(close: () => Promise<unknown>): void {
    this.#closing.unshift(close);
  }

  async close(): Promise<void> {
    for (const close of this.#closing) await close();
  }
}

function on(story: (stage: Stage) => Promise<void>): () => Promise<void> {
  return async () => {
    const stage = new Stage();
    try {
      await story(stage);
    } finally {
      await stage.close();
    }
  };
}

function named(part: string): string {
  return `kept-${part}-${process.pid}`;
}

function provisionAll(estate: Estate, names: readonly string[]): Promise<Node[]> {
  return Promise.all(names.map((name) => estate.provision(name)));
}

/** Ends them the way callers do, and looks that nothing is left: what was shielded all the time is not unendable. */
async function endAll(estate: Estate, nodes: readonly Node[]): Promise<void> {
  await Promise.all(nodes.map(({ name }) => estate.terminate(name)));
  expectNothingLeft(estate.simulator, 'after all were ended');
}

const SEEDS = Number(process.env['FAULT_SEEDS'] ?? 2);

describe.concurrent('no working node is asked to end', () => {
  test.each(Array.from({ length: SEEDS }, (_, index) => index + 1))(
    'by stale lists, a swapped key, failing reads, bad marks and new workers (seed %i)',
    async (seed) => {
      await on(async (stage) => {
        const estate = await stage.estate(await stage.cloud(`kept${seed}`, seed));
        const nodes = await provisionAll(
          estate,
          ['a', 'b', 'c', 'd'].map((part) => named(`${part}${seed}`)),
        );
        const disturbances = disturbancesFrom(seed, 40 * MINUTE, nodes.length);
        const [, results] = await Promise.all([disturb(estate, nodes, disturbances), estate.sweeps(5)]);
        expect(results.flatMap(({ ended }) => ended)).toEqual([]);
        for (const node of nodes) await estate.expectKept(node);
        await endAll(estate, nodes);
      })();
    },
  );

  test(
    'by a sweeper without visibility: it asks about owners one by one',
    on(async (stage) => {
      const blind = await stage.anotherServer({
        'frontend.namespaceRPS.visibility': 0,
        'frontend.globalNamespaceRPS.visibility': 0,
      });
      const estate = await stage.estate(await stage.cloud('blind', 11), blind);
      const { client } = estate;
      const count = (): Promise<unknown> =>
        client.withDeadline(Date.now() + 2_000, () => client.workflow.count(`WorkflowId = 'nobody'`));
      await expect(Promise.all(Array.from({ length: 20 }, count))).rejects.toThrow();
      const nodes = await provisionAll(estate, ['one', 'two'].map(named));
      const results = await estate.sweeps(3);
      expect(results.map(({ counts }) => counts.owned)).toEqual([2, 2, 2]);
      for (const node of nodes) await estate.expectKept(node);
      await endAll(estate, nodes);
    }),
  );

  test(
    'by a fresh Temporal database: what it does not know is reported, and adopted by hand',
    on(async (stage) => {
      const cloud = await stage.cloud('lost', 12);
      const before = await Estate.open(cloud, await stage.anotherServer(), inject('workflowBundlePath'));
      const nodes = await provisionAll(before, ['first', 'second'].map(named)).finally(() => before.close());

      const after = await stage.estate(cloud, await stage.anotherServer());
      const results = await after.sweeps(3);
      expect(results.flatMap(({ ended }) => ended)).toEqual([]);
      for (const { counts, reported } of results) {
        expect(counts).toMatchObject({ owned: 0, orphan: 0, unknown: 2 });
        for (const { reason } of reported) expect(reason).toContain('another Temporal namespace');
      }
      for (const { instanceId, name } of nodes) {
        const adopted = { instanceId, node: name, keeper: keepNodeId(name) };
        expect(await after.execute('adoptInstance', { instanceId })).toEqual(adopted);
      }
      const [adopted] = await after.sweeps(1);
      expect(adopted?.counts).toMatchObject({ owned: 2, unknown: 0 });
      for (const node of nodes) await after.expectKept(node);
      await endAll(after, nodes);
    }),
  );

  test(
    'by a namespace of the same name on another server that shares the account, and launched a node of the same name',
    on(async (stage) => {
      const cloud = await stage.cloud('shared', 13);
      const one = await stage.estate(cloud);
      const other = await stage.estate(cloud, await stage.anotherServer());
      const name = named('twin');
      const [mine, theirs] = [await one.provision(name), await other.provision(name)];
      const results = (await Promise.all([one.sweeps(3), other.sweeps(3)])).flat();
      expect(results.flatMap(({ ended }) => ended)).toEqual([]);
      for (const { counts } of results) expect(counts).toMatchObject({ owned: 1, unknown: 1 });

      // Ended by force on one side: what it left is ended there, and the namesake of the other side is left alone, and named.
      await one.client.workflow.getHandle(keepNodeId(name)).terminate('by force');
      const ending = await endingOf(one.terminate(name));
      expect(ending).toMatchObject({ type: 'instance_failed' });
      expect(ending.message).toContain(theirs.instanceId);
      expect(one.simulator.oracles.terminationsOf(mine.instanceId)).not.toEqual([]);
      await other.expectKept(theirs);
      await other.terminate(name);
      // Two of one name are right here: one for each server.
      expect(cloud.simulator.oracles.instancesAlive()).toEqual([]);
      expect([...cloud.simulator.oracles.instancesPerToken().values()]).toEqual([1, 1]);
    }),
  );

  test(
    'by an old and a new worker that do not understand each other: their keepers wait for one that does',
    on(async (stage) => {
      const estate = await stage.estate(await stage.cloud('mixed', 14));
      const nodes = await provisionAll(estate, ['x', 'y'].map(named));
      const before = '  let isWoken = false;\n';
      const newer = await bundleOf([
        { file: 'src/workflows/keep-node.ts', from: before, to: `${before}  upsertMemo({ introducedLater: 1 });\n` },
      ]);
      stage.onClose(() => newer.remove());
      const worker = await estate.startWorker(newer.path);
      const results = estate.sweeps(4);
      for (const until = performance.now() + scaled(35 * MINUTE); performance.now() < until;) {
        await pause(500);
        await Promise.all(
          nodes.map(({ name }) => estate.client.workflow.getHandle(keepNodeId(name)).signal(wakeSignal)),
        );
      }
      expect((await results).flatMap(({ ended }) => ended)).toEqual([]);
      await worker.stop();
      for (const node of nodes) await estate.expectKept(node);
      await endAll(estate, nodes);
    }),
  );
});
