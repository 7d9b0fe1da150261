import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { createWorld, type World } from '../../src/demo/world.ts';
import {
  InvalidRequestError,
  NameConflictError,
  NodeNotFoundError,
  NodeProvisioner,
  PriceTooHighError,
  ProvisionCancelledError,
  type NodeFilter,
  type Phase,
} from '../../src/sdk/index.ts';
import { REGIONS } from '../../src/simulator/index.ts';
import { installRuntime } from '../../src/worker-runtime.ts';
import { expectCleanSlate } from '../support/clean-slate.ts';

// What a service does, through the package's own door, on a real Temporal server with a real worker; the cloud is simulated.

const account = `sdk-${randomUUID().slice(0, 8)}`;
const TYPE = 'gpu_1x_h100_sxm5';
const SCARCE = 'gpu_8x_h100_sxm5';
const UI = 'https://temporal.example.com';

let world: World;
let provisioner: NodeProvisioner;

beforeAll(async () => {
  world = await createWorld({
    temporalAddress: inject('temporalAddress'),
    logger: installRuntime({ log: { level: 'error', format: 'json' }, metricsAddress: undefined }),
    account,
    clockFactor: 60,
    workflowBundlePath: inject('workflowBundlePath'),
  });
  for (const { name } of REGIONS) world.simulator.controls.setCapacity(SCARCE, name, 0);
  await world.startWorker();
  provisioner = await NodeProvisioner.connect({
    address: inject('temporalAddress'),
    account,
    uiUrl: UI,
    environment: {},
  });
});
afterAll(async () => {
  await provisioner.close();
  await world.close();
});

/** Temporal's lists are a moment late. The test's own timeout bounds it. */
async function untilListed(filter: NodeFilter, names: readonly string[]): Promise<void> {
  for (;;) {
    const listed = (await provisioner.list(filter)).map(({ name }) => name);
    if (listed.join() === names.join()) return;
    await sleep(100);
  }
}

test('nodes are listed by pool, phase and label, whatever a label holds, on their way and when they are kept', async () => {
  const odd = { owner: "o'brien", note: 'a "b" \\ c%\n☃ = x', team: 'Vision' };
  const [ready, waits] = await Promise.all([
    provisioner.provision({ name: 'ready-1', instanceType: TYPE, pool: 'training', labels: { team: 'vision' } }),
    provisioner.provision({ name: 'waits-1', instanceType: SCARCE, pool: 'training', labels: odd }),
  ]);
  await ready.ready();
  await untilListed({ pool: 'training' }, ['ready-1', 'waits-1']);
  await untilListed({ pool: 'training', phase: 'ready' }, ['ready-1']);
  await untilListed({ phase: 'waiting_for_capacity' }, ['waits-1']);
  for (const [key, value] of Object.entries(odd)) await untilListed({ labels: { [key]: value } }, ['waits-1']);
  await untilListed({ labels: odd }, ['waits-1']);
  expect(await provisioner.list({ labels: { team: 'vision' } })).toMatchObject([
    { name: 'ready-1', workflowId: 'node/ready-1', phase: 'ready', labels: { team: 'vision' } },
  ]);
  expect(await provisioner.list({ labels: { team: 'vis' } })).toEqual([]);
  expect(await provisioner.list({ labels: { team: "x' OR 'a' = 'a" } })).toEqual([]);
  await waits.cancel();
  await provisioner.terminate({ name: 'ready-1' });
  expectCleanSlate(world.simulator);
});

test('a handle tells where its node is, and what it comes to: the node, or why there is none and where that is shown', async () => {
  const asked = { name: 'waits-2', instanceType: SCARCE } as const;
  const provision = await provisioner.provision(asked);
  const seen: Phase[] = [];
  const watching = (async () => {
    for await (const { phase } of provision.progress({ everyMs: 50 })) seen.push(phase);
  })();
  while ((await provision.status()).phase !== 'waiting_for_capacity') await sleep(50);
  expect(await provisioner.get('waits-2')).toMatchObject({ phase: 'waiting_for_capacity', runId: provision.runId });
  expect((await provisioner.queue()).nodes).toMatchObject([{ name: 'waits-2' }]);
  expect((await provisioner.provision(asked)).runId).toBe(provision.runId);
  await expect(provisioner.provision({ ...asked, pool: 'other' })).rejects.toMatchObject({
    name: NameConflictError.name,
    fields: ['pool'],
    message: expect.stringContaining(`(workflow provision-node/waits-2, ${UI}/namespaces/default/workflows/`) as string,
  });
  // A look may take a while: the broker that it asks as well has just begun.
  while (!seen.includes('waiting_for_capacity')) await sleep(50);
  await provision.cancel();
  const ended: unknown = await provision.ready().catch((error: unknown) => error);
  await watching;
  expect(seen.at(-1)).toBe('ended');
  expect(ended).toBeInstanceOf(ProvisionCancelledError);
  const url = `${UI}/namespaces/default/workflows/provision-node%2Fwaits-2/${provision.runId}/history`;
  expect(ended).toMatchObject({ message: `provision-node/waits-2 was cancelled (${url})`, url });
  expect(provision.url).toBe(url);
  expect(await provisioner.get('waits-2')).toBeUndefined();
  expectCleanSlate(world.simulator);
});

test('what a worker refuses is caught by its class: a field that only Lambda knows to be wrong, a price, a name nobody has', async () => {
  const price = await provisioner.provision({ name: 'dear', instanceType: TYPE, maxPricePerHourUsd: 0.01 });
  await expect(price.ready()).rejects.toBeInstanceOf(PriceTooHighError);
  const nowhere = await provisioner.provision({ name: 'nowhere', instanceType: TYPE, region: 'us-nowhere-1' });
  await expect(nowhere.ready()).rejects.toBeInstanceOf(InvalidRequestError);
  await expect(provisioner.terminate({ name: 'nobody' })).rejects.toMatchObject({
    name: NodeNotFoundError.name,
    message: expect.stringContaining(`${UI}/namespaces/default/workflows/terminate-node%2Fnobody/`) as string,
  });
  expectCleanSlate(world.simulator);
});

test('instance types are asked of the worker', async () => {
  const types = await provisioner.instanceTypes();
  expect(types.find(({ name }) => name === SCARCE)).toMatchObject({ regionsWithCapacity: [] });
});
