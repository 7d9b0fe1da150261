import { afterEach, expect, test } from 'vitest';
import {
  clearGpusSignal,
  condemnedGpusQuery,
  condemnGpusSignal,
  waitingLineQuery,
  type WaitingNode,
} from '../../src/contract/account-broker.ts';
import { accountBrokerId, keepNodeId, terminateNodeId, WORKFLOW_TYPE } from '../../src/contract/workflow-ids.ts';
import type { WorldOptions } from '../../src/demo/world.ts';
import { expectCleanSlate } from '../support/clean-slate.ts';
import { endingOf, startProvision, uniqueName, type Provision } from '../support/provisions.ts';
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
  // Each is an event at least, and a run has a thousand. It can only be followed by another when no message is on its way.
  for (let sent = 0; sent < 1_100; sent++) {
    await handle.signal(condemnGpusSignal, { uuids: [`GPU-${sent % 10}`], reason: '', forMs: DAY_MS });
  }
  await expect.poll(async () => (await handle.describe()).runId, { timeout: 60_000 }).not.toBe(started.signaledRunId);
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

async function open(options: Partial<WorldOptions> = {}): Promise<SkippedWorld> {
  world = await skippedWorld(options);
  return world;
}

test('takes the tickets that come together, but for those that it cannot read', async () => {
  const { client, taskQueue, account } = await open({ capacity: { kind: 'none' } });
  const wishes = { instanceTypes: ['gpu_1x_h100_sxm5'] };
  const now = Date.now();
  const ticket = { runId: 'run', ticketId: 't', wishes, priority: 3, arrivedAt: now, until: now + DAY_MS };
  const workflowId = accountBrokerId(account);
  await client.workflow.signalWithStart(WORKFLOW_TYPE.accountBroker, {
    ...{ workflowId, taskQueue, args: [{}] },
    signal: 'tickets',
    signalArgs: [[{ ...ticket, name: 'b' }, null, { name: 'c' }, 'd', { ...ticket, name: 'a', arrivedAt: now + 1 }]],
  });
  const handle = client.workflow.getHandle(workflowId);
  await handle.signal('tickets', { name: 'e' });
  const { nodes } = await handle.query(waitingLineQuery, {});
  expect(nodes.map(({ name }) => name)).toEqual(['b', 'a']);
});

function provisionOf({ client, taskQueue }: SkippedWorld, request: Readonly<Record<string, unknown>>) {
  return startProvision(client, taskQueue, request);
}

async function end({ client, taskQueue }: SkippedWorld, name: string): Promise<void> {
  await client.workflow.execute('terminateNode', {
    workflowId: terminateNodeId(name),
    taskQueue,
    args: [{ name, reason: 'the test is over' }],
  });
}

/** Lets time pass until the line shows this of the name. The test's own timeout bounds it. */
async function untilWaiting({ client, account, temporal }: SkippedWorld, name: string, reason: RegExp) {
  const broker = client.workflow.getHandle(accountBrokerId(account));
  for (;;) {
    await temporal.sleep(5_000);
    const { nodes } = await broker.query(waitingLineQuery, {});
    const waiting = nodes.find((node: WaitingNode) => node.name === name);
    if (waiting !== undefined && reason.test(waiting.reason)) return waiting;
  }
}

test('with as many instances as the account may have, the next node waits with that for a reason, until one has ended', async () => {
  const opened = await open({
    environment: { LAMBDA_REQUEST_INTERVAL: '1ms', LAMBDA_LAUNCH_INTERVAL: '1ms', NAVARCH_MAX_INSTANCES: '1' },
  });
  const [first, second] = [uniqueName(), uniqueName()];
  await (await provisionOf(opened, { name: first })).result();
  const waiting = await provisionOf(opened, { name: second });
  expect(await untilWaiting(opened, second, /has 1 of at most 1 instances/)).toMatchObject({ place: 1 });
  const { record } = opened.simulator;
  expect(record.instances).toHaveLength(1);

  await end(opened, first);
  expect(await waiting.result()).toMatchObject({ name: second, launchesUsed: 1 });
  expectCleanSlate(opened.simulator, { alive: 1 });
  // It was launched when the first had ended, not when that was asked for.
  const [before, after] = record.instances;
  expect(after?.acceptedAt).toBeGreaterThanOrEqual(before?.endedAt ?? Infinity);
});

test('a name that lives in the account without an owner holds its own ticket back, and nobody else', async () => {
  const opened = await open();
  const { client, simulator } = opened;
  const [name, other] = [uniqueName(), uniqueName()];
  const { instanceId } = await (await provisionOf(opened, { name })).result();
  await client.workflow.getHandle(keepNodeId(name)).terminate('by force');

  const held = await provisionOf(opened, { name });
  const { reason } = await untilWaiting(opened, name, /lives in the account already/);
  expect(reason).toContain(instanceId);
  expect(reason).toContain('ended, adopted or released');
  // Asked for later, and served before.
  await (await provisionOf(opened, { name: other })).result();
  expect(simulator.record.instances).toHaveLength(2);

  simulator.controls.endFromOutside(instanceId, 'terminated');
  expect((await held.result()).instanceId).not.toBe(instanceId);
  expectCleanSlate(simulator, { alive: 2 });
});

test('an SSH key that the account does not have fails the provision that named it, and no other', async () => {
  const opened = await open();
  const asked = [['nobodys'], undefined].map((sshKeyNames) =>
    provisionOf(opened, sshKeyNames === undefined ? {} : { sshKeyNames }),
  );
  const [refused, served] = (await Promise.all(asked)) as [Provision, Provision];
  const ending = await endingOf(refused.result());
  expect(ending.type).toBe('invalid_request');
  expect(ending.message).toContain('no SSH key named nobodys');
  expect(await served.result()).toMatchObject({ launchesUsed: 1 });
  expectCleanSlate(opened.simulator, { alive: 1 });
});

test('a type that was asked for while others wait is looked for, and not taken for one that Lambda does not have', async () => {
  const capacity = {
    kind: 'schedule',
    windows: [{ type: 'gpu_1x_a10', region: 'us-east-1', fromMs: 0, toMs: DAY_MS, slots: 5 }],
  } as const;
  world = await skippedWorld({ capacity });
  const { client, taskQueue, simulator } = world;
  const full = await startProvision(client, taskQueue, { instanceType: 'gpu_8x_h100_sxm5' });
  const handle = client.workflow.getHandle(accountBrokerId(world.account));
  const names = async (): Promise<readonly string[]> =>
    (await handle.query(waitingLineQuery)).nodes.map(({ name }) => name);
  await expect.poll(names, { timeout: 20_000 }).toHaveLength(1);
  const other = await startProvision(client, taskQueue, { instanceType: 'gpu_1x_a10' });
  expect((await other.result()).instanceType).toBe('gpu_1x_a10');
  expect(await names()).toHaveLength(1);
  await full.cancel();
  expect(await endingOf(full.result())).toMatchObject({ type: 'cancelled' });
  expectCleanSlate(simulator, { alive: 1 });
});

test('a key that was refused is asked for again by the next request', async () => {
  world = await skippedWorld();
  const { client, taskQueue, simulator } = world;
  simulator.controls.revokeKey(simulator.apiKey);
  const refused = await startProvision(client, taskQueue);
  expect(await endingOf(refused.result())).toMatchObject({ type: 'unauthorized' });
  simulator.controls.restoreKey(simulator.apiKey);
  const accepted = await startProvision(client, taskQueue);
  expect((await accepted.result()).launchesUsed).toBe(1);
  expectCleanSlate(simulator, { alive: 1 });
});

test('a key that is refused for a while ends no wait that was accepted before', async () => {
  const hour = 60 * MINUTE_MS;
  const window = { type: 'gpu_8x_h100_sxm5', region: 'us-south-2', fromMs: 3 * hour, toMs: 6 * hour, slots: 1 };
  world = await skippedWorld({
    capacity: { kind: 'schedule', windows: [window] },
    // The worker asks when it starts, the broker when the ticket comes.
    faults: [{ on: 'ssh-keys', nth: [3, 4, 5, 6], do: { kind: 'error', status: 401, code: 'global/invalid-api-key' } }],
    looks: { capacityMs: 5 * MINUTE_MS, nearMs: 5_000, bootMs: 10_000, endMs: 15_000, keptMs: hour },
  });
  const provision = await startProvision(world.client, world.taskQueue, { instanceType: 'gpu_8x_h100_sxm5' });
  expect((await provision.result()).region).toBe('us-south-2');
  expectCleanSlate(world.simulator, { alive: 1 });
});
