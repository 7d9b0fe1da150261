import { describe, expect, test } from 'vitest';
import { keepNodeId } from '../../src/contract/workflow-ids.ts';
import { MINUTE } from '../../src/domain/durations.ts';
import { endingOf, startProvision } from '../support/provisions.ts';
import { onEstate, type Estate } from './harness/estate.ts';
import { running } from './harness/temporal.ts';

// What happens around a sweep must neither keep it from its work nor make it do somebody else's.

function on(account: string, seed: number, story: (estate: Estate) => Promise<void>): () => Promise<void> {
  return () => onEstate(account, seed, story);
}

/** A ready node whose keeper is ended by force, seen so by one sweep. */
async function suspect(estate: Estate, name: string): Promise<string> {
  const { instanceId } = await estate.provision(name);
  await estate.client.workflow.getHandle(keepNodeId(name)).terminate('by force');
  const first = await estate.sweep();
  expect(first.counts.suspected).toBe(1);
  return instanceId;
}

function isOrphan(instanceId: string): (estate: Estate) => Promise<void> {
  return async (estate) => {
    const [result] = (await estate.sweeps(2)).slice(-1);
    expect(result?.ended).toEqual([instanceId]);
  };
}

describe.concurrent('a sweep', () => {
  test(
    'ends an orphan although Lambda does not say whose account it is',
    on('no-account', 51, async (estate) => {
      const instanceId = await suspect(estate, `no-account-${process.pid}`);
      estate.simulator.controls.addFault({ on: 'ssh-keys', do: { kind: 'error', status: 500 } });
      await isOrphan(instanceId)(estate);
      expect(estate.simulator.oracles.instancesBilling()).toEqual([]);
    }),
  );

  test(
    'spares an instance that somebody releases after it was judged',
    on('released', 52, async (estate) => {
      const { controls, oracles } = estate.simulator;
      const instanceId = await suspect(estate, `released-${process.pid}`);
      // The look at the account, after the judgement and before the end, is tried for a while.
      controls.addFault({ on: 'ssh-keys', do: { kind: 'error', status: 500 } });
      const asked = untilAsked(estate, 'ssh-keys');
      const sweeps = estate.sweeps(2);
      await asked;
      expect(await estate.execute('releaseInstance', { instanceId })).toMatchObject({ instanceId });
      expect((await sweeps).flatMap(({ ended }) => ended)).toEqual([]);
      expect(oracles.terminationsOf(instanceId)).toEqual([]);
      const [last] = await estate.sweeps(1);
      expect(last).toMatchObject({ unproven: 0, counts: { owned: 0, suspected: 0, orphan: 0, unknown: 0 } });
    }),
  );

  test(
    'is not needed where somebody asks for the end of what a forced run left, however often the key is refused meanwhile',
    on('refused', 55, async (estate) => {
      const name = `refused-${process.pid}`;
      const { instanceId } = await estate.provision(name);
      await estate.client.workflow.getHandle(keepNodeId(name)).terminate('by force');
      const refused = { kind: 'error', status: 401, code: 'global/invalid-api-key' } as const;
      for (const on of ['get', 'terminate', 'list'] as const) {
        estate.simulator.controls.addFault({ on, times: 3, do: refused });
      }
      expect(await endingOf(estate.terminate(name))).toMatchObject({ type: 'completed' });
      const struck = estate.simulator.record.requests.filter(({ status }) => status === 401);
      expect(new Set(struck.map(({ operation }) => operation))).toEqual(new Set(['get', 'terminate', 'list']));
      expect(estate.simulator.oracles.terminationsOf(instanceId)).not.toEqual([]);
      expect(estate.simulator.oracles.instancesAlive()).toEqual([]);
    }),
  );

  test(
    'only reports what a running provision launched and gave up; by hand it can be ended, and the provision goes on',
    on('stray', 53, async (estate) => {
      const { controls, record } = estate.simulator;
      const name = `stray-${process.pid}`;
      // It lands when its token was long proven absent; by then there is no room for another one.
      controls.addFault({ on: 'launch', nth: 1, do: { kind: 'delay', effect: 'late', simulatedMs: 20 * MINUTE } });
      const launched = untilAsked(estate, 'launch');
      const provision = await startProvision(estate.client, estate.taskQueue, { name });
      await launched;
      const full = { status: 400, code: 'instance-operations/launch/insufficient-capacity' } as const;
      controls.addFault({ on: 'launch', do: { kind: 'error', ...full } });
      while (record.instances.length === 0) await new Promise((resolve) => setTimeout(resolve, 100));
      const [stray] = record.instances;
      const instanceId = stray?.id ?? '';
      const [swept] = await estate.sweeps(1);
      expect(swept?.reported).toMatchObject([{ instanceId, verdict: 'unknown' }]);
      expect(await endingOf(estate.execute('adoptInstance', { instanceId }))).toMatchObject({
        type: 'invalid_request',
      });
      expect(await estate.execute('endInstance', { instanceId })).toEqual({ instanceId, node: name });
      expect(estate.simulator.oracles.instancesAlive()).toEqual([]);
      expect(await running(estate.client, provision.workflowId)).toBeDefined();
      await provision.cancel();
      expect(await endingOf(provision.result())).toMatchObject({ type: 'cancelled' });
    }),
  );
});

const WISHES: readonly unknown[] = [
  undefined,
  null,
  'now',
  { reason: 7, drainForMs: 'later' },
  { drainForMs: -1, introducedLater: true },
];

describe.concurrent('a keeper', () => {
  test(
    'that cannot read its input fails its task, not its node: it owns it, and the sweeps say who needs a person',
    on('unreadable', 54, async (estate) => {
      const name = `unreadable-${process.pid}`;
      const { instanceId, launchToken } = await estate.provision(name);
      await estate.client.workflow.getHandle(keepNodeId(name)).terminate('to be kept by one of another version');
      await estate.client.workflow.start('keepNode', {
        workflowId: keepNodeId(name),
        taskQueue: estate.taskQueue,
        args: [{ writtenBy: 'a version that does not exist yet' }],
        memo: { navarchLaunchTokens: [launchToken] },
      });
      let problems: readonly string[] = [];
      // Each attempt takes Temporal's ten seconds for a task.
      for (let sweeps = 0; problems.length === 0 && sweeps < 30; sweeps += 1) {
        const [result] = await estate.sweeps(1);
        expect(result).toMatchObject({ counts: { owned: 1, orphan: 0, suspected: 0 }, ended: [] });
        problems = result?.owners.map(({ problem }) => problem) ?? [];
        await new Promise((resolve) => setTimeout(resolve, 5_000));
      }
      expect(problems.join()).toMatch(/its workflow task has failed \d+ times in a row/);
      expect(estate.simulator.oracles.terminationsOf(instanceId)).toEqual([]);
    }),
  );

  test.each(WISHES)('takes the wish %j for the wish it is, whatever version or person wrote it', async (wish) => {
    const account = `wish-${WISHES.indexOf(wish)}`;
    await on(account, 55, async (estate) => {
      const name = `${account}-${process.pid}`;
      await estate.provision(name);
      const keeper = estate.client.workflow.getHandle(keepNodeId(name));
      await keeper.signal('endNode', wish);
      expect(await keeper.result()).toMatchObject({ name, how: 'asked' });
      expect(estate.simulator.oracles.instancesAlive()).toEqual([]);
    })();
  });
});

/** Resolves when the next request of that kind has come in. */
async function untilAsked(estate: Estate, operation: string): Promise<void> {
  const { requests } = estate.simulator.record;
  const before = requests.length;
  while (!requests.slice(before).some((request) => request.operation === operation)) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
