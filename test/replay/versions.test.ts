import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { wakeSignal } from '../../src/contract/messages.ts';
import type { Node } from '../../src/contract/provision-node.ts';
import { SEARCH_ATTRIBUTE_TYPES } from '../../src/contract/search-attributes.ts';
import { accountBrokerId, keepNodeId, provisionNodeId, terminateNodeId } from '../../src/contract/workflow-ids.ts';
import { examineTemporal, TEMPORAL_CHECK } from '../../src/setup/examine.ts';
import { placeOf } from '../../src/setup/index.ts';
import { startTemporalServer, type TemporalServer } from '../../src/temporal-server/index.ts';
import { expectCleanSlate } from '../support/clean-slate.ts';
import { recordings } from './harness/recordings.ts';
import { brokenBy } from './harness/replay.ts';
import {
  failedTasks,
  fixtureBundle,
  isDrained,
  makeCurrent,
  openFleet,
  versionOf,
  type Fleet,
} from './harness/versions.ts';

// A worker of an earlier release and one of today's. Their workflows differ so that neither can go on with what the other one began: see
// fixture-release/release.json. Activities and the SDK are today's in both.

const OLD = { deploymentName: 'provisioner', buildId: 'fixture' };
const TODAY = { deploymentName: 'provisioner', buildId: 'today' };

/** The least that a boot is: the machine's part is not what this is about. */
const REQUEST = { instanceType: 'gpu_1x_h100_sxm5', registration: 'direct', gpuCheck: 'off' } as const;

let server: TemporalServer;
let fixture: Awaited<ReturnType<typeof fixtureBundle>>;
beforeAll(async () => {
  server = await startTemporalServer({
    searchAttributes: SEARCH_ATTRIBUTE_TYPES,
    // A version counts as drained three minutes after the last look that found something on it.
    dynamicConfig: {
      'matching.wv.VersionDrainageStatusVisibilityGracePeriod': '1s',
      'matching.wv.VersionDrainageStatusRefreshInterval': '1s',
    },
  });
  fixture = await fixtureBundle();
});
afterAll(async () => {
  await server.stop();
  await fixture.remove();
});

async function on(account: string, story: (fleet: Fleet) => Promise<void>): Promise<void> {
  const fleet = await openFleet(server.address, account);
  await story(fleet).finally(() => fleet.close());
}

function start({ client, taskQueue }: Fleet, name: string) {
  return client.workflow.start<(request: unknown) => Promise<Node>>('provisionNode', {
    workflowId: provisionNodeId(name),
    taskQueue,
    args: [{ name, ...REQUEST }],
  });
}

function names(prefix: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
}

test('the earlier release differs: histories of today do not replay with its workflows', async () => {
  const paths = { provisionNode: 'ready-by-agent', keepNode: 'ended-by-wish', accountBroker: 'grants' };
  const taken = recordings(({ workflow, path }) => (paths as Record<string, string>)[workflow] === path);
  const broken = await brokenBy(fixture.path, taken);
  expect(Object.keys(broken)).toHaveLength(taken.length);
});

test('side by side as versions, 20 nodes boot and 20 are kept: all boot, none is lost, and the earlier version drains', async () => {
  await on('versions', async (fleet) => {
    const { client, simulator, account } = fleet;
    const old = await fleet.startWorker(fixture.path, OLD);
    const kept = names('kept', 20);
    const first = await Promise.all(kept.map((name) => start(fleet, name)));

    // Nobody has made it current: all waits, and whoever looks is told why.
    const worker = async (): Promise<string | undefined> =>
      (await examineTemporal(client, placeOf(client), account)).find(({ check }) => check === TEMPORAL_CHECK.worker)
        ?.seen;
    await expect.poll(worker, { timeout: 20_000 }).toContain('none is the current one: all work waits');
    await makeCurrent(client, OLD);
    await Promise.all(first.map((provision) => provision.result()));
    expect(await worker()).toContain('its current version is provisioner:fixture');

    const booting = names('booting', 20);
    const before = await Promise.all(booting.slice(0, 10).map((name) => start(fleet, name)));
    await expect.poll(() => simulator.record.instances.length, { timeout: 30_000 }).toBe(30);
    await fleet.startWorker(inject('workflowBundlePath'), TODAY);
    await makeCurrent(client, TODAY);
    const after = await Promise.all(booting.slice(10).map((name) => start(fleet, name)));
    await Promise.all([...before, ...after].map((provision) => provision.result()));
    expect(await Promise.all(before.map(({ workflowId }) => versionOf(client, workflowId)))).toEqual(
      before.map(() => OLD.buildId),
    );
    expect(await Promise.all(after.map(({ workflowId }) => versionOf(client, workflowId)))).toEqual(
      after.map(() => TODAY.buildId),
    );

    // Each keeper moves within a day; woken, at once. The broker has moved by itself.
    const keepers = [...kept, ...booting].map(keepNodeId);
    await Promise.all(keepers.map((id) => client.workflow.getHandle(id).signal(wakeSignal)));
    const versions = (): Promise<readonly (string | undefined)[]> =>
      Promise.all([...keepers, accountBrokerId(account)].map((id) => versionOf(client, id)));
    await expect.poll(versions, { timeout: 30_000 }).toEqual([...keepers, 'broker'].map(() => TODAY.buildId));
    await expect.poll(() => isDrained(client, OLD), { timeout: 30_000, interval: 500 }).toBe(true);
    await old.stop();

    expectCleanSlate(simulator, { alive: 40 });
    const owners = [...keepers, ...[...kept, ...booting].map(provisionNodeId)];
    expect(await failedTasks(client, owners)).toEqual([]);

    // One of the oldest is ended by the new version.
    await client.workflow.execute('terminateNode', {
      workflowId: terminateNodeId('kept-0'),
      taskQueue: fleet.taskQueue,
      args: [{ name: 'kept-0' }],
    });
    expectCleanSlate(simulator, { alive: 39 });
  });
});

test('without versions, what the other release began stands still, is not lost, and goes on when that is back', async () => {
  await on('mixed', async (fleet) => {
    const { client, simulator, account } = fleet;
    const old = await fleet.startWorker(fixture.path);
    const provision = await start(fleet, 'mixed');
    await expect.poll(() => simulator.record.instances.length, { timeout: 30_000 }).toBe(1);
    await old.stop();
    const today = await fleet.startWorker(inject('workflowBundlePath'));
    const owners = [provision.workflowId, accountBrokerId(account)];
    const failed = async (): Promise<string> => (await failedTasks(client, owners)).join('\n');
    await expect.poll(failed, { timeout: 30_000 }).toContain('Nondeterminism error');
    expectCleanSlate(simulator, { alive: 1 });

    await today.stop();
    await fleet.startWorker(fixture.path);
    await provision.result();
    expectCleanSlate(simulator, { alive: 1 });
  });
});
