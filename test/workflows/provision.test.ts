import { afterEach, describe, expect, test } from 'vitest';
import type { EndedNode } from '../../src/contract/kept-node.ts';
import { keptNodeQuery, progressQuery } from '../../src/contract/messages.ts';
import type { Node } from '../../src/contract/provision-node.ts';
import { keepNodeId, terminateNodeId } from '../../src/contract/workflow-ids.ts';
import type { WorldOptions } from '../../src/demo/world.ts';
import type { Phase } from '../../src/domain/phases.ts';
import { expectCleanSlate } from '../support/clean-slate.ts';
import { endingOf, startProvision, uniqueName, untilProgress } from '../support/provisions.ts';
import { skippedWorld, type SkippedWorld } from '../support/skipped-world.ts';

const HOUR_MS = 3_600_000;

let world: SkippedWorld | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

async function open(options: Partial<WorldOptions> = {}): Promise<SkippedWorld> {
  world = await skippedWorld(options);
  return world;
}

/** Ends a ready node the way callers do, and returns how its keeper ended. */
async function end({ taskQueue, client }: SkippedWorld, name: string): Promise<EndedNode> {
  await client.workflow.execute('terminateNode', {
    workflowId: terminateNodeId(name),
    taskQueue,
    args: [{ name, reason: 'the test is over' }],
  });
  return client.workflow.getHandle<() => Promise<EndedNode>>(keepNodeId(name)).result();
}

test('a node is launched, bootstrapped, registered, heard and handed to its keeper; ended, nothing is left', async () => {
  const opened = await open();
  const { simulator, taskQueue, client } = opened;
  const name = uniqueName();
  const provision = await startProvision(client, taskQueue, {
    name,
    region: 'us-east-1',
    pool: 'training',
    labels: { team: 'vision' },
  });
  const node = await provision.result();

  const [instance] = simulator.record.instances;
  expect(node).toMatchObject({
    name,
    nodeId: instance?.id,
    instanceId: instance?.id,
    instanceType: 'gpu_1x_h100_sxm5',
    region: 'us-east-1',
    pool: 'training',
    labels: { team: 'vision' },
    pricePerHourUsd: 4.29,
    launchesUsed: 1,
  });
  expect(node.gpus).toMatchObject([{ index: 0, model: 'NVIDIA H100 80GB HBM3' }]);
  expect(instance?.name).toBe(`${name}-${node.launchToken}`);
  expect(Object.fromEntries((instance?.tags ?? []).map(({ key, value }) => [key, value]))).toMatchObject({
    'navarch-node': name,
    'navarch-launch': node.launchToken,
    'navarch-run': provision.firstExecutionRunId,
    'navarch-pool': 'training',
    team: 'vision',
  });
  expect(simulator.record.registrations).toHaveLength(1);
  expectCleanSlate(simulator, { alive: 1 });

  const kept = await client.workflow.getHandle(keepNodeId(name)).query(keptNodeQuery);
  expect(kept).toMatchObject({ node, launchToken: node.launchToken, ending: false });
  const ended = await end(opened, name);
  expect(ended).toMatchObject({ how: 'asked', reason: 'the test is over', instanceId: node.instanceId });
  expectCleanSlate(simulator);
});

test('capacity refused for two days is waited out, and the node comes up by itself when it returns', async () => {
  const days2 = 48 * HOUR_MS;
  const windows = [{ type: 'gpu_8x_h100_sxm5', region: 'us-south-2', fromMs: days2, toMs: days2 + HOUR_MS, slots: 1 }];
  const { simulator, taskQueue, client } = await open({
    capacity: { kind: 'schedule', windows },
    looks: { capacityMs: 20 * 60_000, nearMs: 5_000, bootMs: 5_000, endMs: 15_000, keptMs: 60 * 60_000 },
  });
  const provision = await startProvision(client, taskQueue, { instanceType: 'gpu_8x_h100_sxm5' });
  const waiting = await untilProgress(provision, ({ phase }) => phase === 'waiting_for_capacity');
  expect(waiting.detail).toContain('gpu_8x_h100_sxm5 in any region');
  const node = await provision.result();
  expect(node).toMatchObject({ instanceType: 'gpu_8x_h100_sxm5', region: 'us-south-2' });
  expect(Date.parse(node.times.granted) - Date.parse(node.times.requested)).toBeGreaterThan(days2 - HOUR_MS);
  // An hour of waiting adds a ticket sent again: twelve events at most, whatever the broker looks at meanwhile.
  expect((await provision.fetchHistory()).events?.length).toBeLessThan(120 + 12 * 48);
  expectCleanSlate(simulator, { alive: 1 });
});

test('a launch refused although capacity is listed is a normal answer: the next type and region are tried', async () => {
  const { simulator, taskQueue, client } = await open({
    faults: [
      {
        on: 'launch',
        times: 2,
        do: {
          kind: 'error',
          status: 400,
          code: 'instance-operations/launch/insufficient-capacity',
          message: 'Not enough capacity.',
        },
      },
    ],
  });
  const provision = await startProvision(client, taskQueue, {
    instanceType: ['gpu_1x_h100_sxm5', 'gpu_1x_a10'],
    region: ['us-east-1', 'us-south-2'],
  });
  const node = await provision.result();
  expect(node.launchesUsed).toBe(1);
  const progress = await provision.query(progressQuery);
  expect(progress.capacityRefusals).toBe(2);
  expectCleanSlate(simulator, { alive: 1 });
});

test('a refusal nobody has documented, and a key refused for a moment while a machine boots, cost neither the wait nor the machine', async () => {
  const gateway = { kind: 'error', status: 404, code: 'global/not-found' } as const;
  const key = { kind: 'error', status: 401, code: 'global/invalid-api-key' } as const;
  const { simulator, taskQueue, client } = await open({
    faults: [
      { on: 'instance-types', nth: 1, do: gateway },
      { on: 'get', nth: [1, 2], do: gateway },
      { on: 'get', nth: 3, do: key },
    ],
  });
  const provision = await startProvision(client, taskQueue);
  expect((await provision.result()).launchesUsed).toBe(1);
  expectCleanSlate(simulator, { alive: 1 });
});

test('a bad machine is undone and the next launch becomes the node', async () => {
  const { simulator, taskQueue, client } = await open({
    faults: [{ on: 'instance', launch: 1, do: { kind: 'unhealthy' } }],
  });
  const provision = await startProvision(client, taskQueue);
  const node = await provision.result();
  expect(node.launchesUsed).toBe(2);
  const { launches } = await provision.query(progressQuery);
  expect(launches[0]?.failure).toContain('unhealthy');
  expectCleanSlate(simulator, { alive: 1 });
});

describe('a launch whose answer is lost is looked up by its token and adopted', () => {
  test.each([
    ['the connection is reset', { answer: 'reset' }],
    ['a proxy says 502', { answer: 'error', status: 502, body: 'html' }],
    ['409 global/internal-error', { answer: 'error', status: 409, code: 'global/internal-error' }],
    ['200 without a body', { answer: 'empty' }],
    ['200 without an id', { answer: 'no-ids' }],
  ] as const)('%s', async (_how, as) => {
    const { simulator, taskQueue, client } = await open({
      faults: [
        { on: 'launch', nth: 1, do: { kind: 'lost-answer', as } },
        { on: 'instance', do: { kind: 'unlisted', forMs: 120_000 } },
      ],
    });
    const provision = await startProvision(client, taskQueue);
    const node = await provision.result();
    expect(node.launchesUsed).toBe(1);
    expect(simulator.record.instances).toHaveLength(1);
    expectCleanSlate(simulator, { alive: 1 });
  });
});

describe('cancelled in any phase, a provision ends cancelled with nothing left', () => {
  const slow: Partial<WorldOptions> = {
    faults: [{ on: 'instance', do: { kind: 'boots', addressAfterMs: 60_000, activeAfterMs: 600_000 } }],
  };
  const cases: readonly (readonly [Phase, Partial<WorldOptions>, Readonly<Record<string, unknown>>])[] = [
    ['waiting_for_capacity', { capacity: { kind: 'none' } }, {}],
    ['launching', { faults: [{ on: 'launch', do: { kind: 'delay', realMs: 1_500 } }] }, {}],
    ['booting', { faults: [{ on: 'instance', do: { kind: 'address', when: 'never' } }] }, {}],
    ['connecting', { faults: [{ on: 'machine', do: { sshAfterMs: 1e9 } }] }, {}],
    ['bootstrapping', slow, { bootstrap: { commands: ['sleep 500'] } }],
    ['waiting_for_active', slow, {}],
    [
      'registering',
      { faults: [{ on: 'navarch', do: { kind: 'unavailable' } }] },
      { bootstrap: { commands: ['true'] } },
    ],
  ];
  test.each(cases)('%s', async (phase, options, request) => {
    const { simulator, taskQueue, client } = await open(options);
    const provision = await startProvision(client, taskQueue, request);
    await untilProgress(provision, (progress) => progress.phase === phase);
    await provision.cancel();
    expect(await endingOf(provision.result())).toMatchObject({ type: 'cancelled' });
    expectCleanSlate(simulator);
    const { launches, needsAttention } = await provision.query(progressQuery);
    expect(needsAttention).toBeUndefined();
    for (const { failure } of launches) expect(failure).toBe('cancelled');
  });
});

describe('the keeper', () => {
  async function ready(
    options: Partial<WorldOptions> = {},
    request: Readonly<Record<string, unknown>> = {},
  ): Promise<{ world: SkippedWorld; node: Node }> {
    const opened = await open(options);
    const provision = await startProvision(opened.client, opened.taskQueue, request);
    return { world: opened, node: await provision.result() };
  }

  test('ends the node when its lifetime is over', async () => {
    const { world: opened, node } = await ready({}, { lifetime: '3h' });
    const keeper = opened.client.workflow.getHandle<() => Promise<EndedNode>>(keepNodeId(node.name));
    const ended = await keeper.result();
    expect(ended).toMatchObject({ how: 'asked', reason: 'its lifetime is over' });
    expect(Date.parse(ended.endedAt) - Date.parse(node.times.ready)).toBeGreaterThanOrEqual(3 * HOUR_MS);
    expectCleanSlate(opened.simulator);
  });

  test('ends the node when it is cancelled', async () => {
    const { world: opened, node } = await ready();
    const keeper = opened.client.workflow.getHandle<() => Promise<EndedNode>>(keepNodeId(node.name));
    await keeper.cancel();
    expect(await keeper.result()).toMatchObject({ how: 'asked', reason: 'the keeper was cancelled' });
    expectCleanSlate(opened.simulator);
  });

  test('notices that its instance was ended elsewhere, on the word of Lambda', async () => {
    // Soon enough to see it while Lambda still lists it.
    const { world: opened, node } = await ready({
      looks: { capacityMs: 15_000, nearMs: 5_000, bootMs: 10_000, endMs: 15_000, keptMs: 20_000 },
    });
    opened.simulator.controls.endFromOutside(node.instanceId, 'preempted');
    const keeper = opened.client.workflow.getHandle<() => Promise<EndedNode>>(keepNodeId(node.name));
    expect(await keeper.result()).toMatchObject({ how: 'disappeared', reason: 'Lambda shows the instance preempted' });
  });

  test('keeps a node that is marked unhealthy, and says so', async () => {
    const { world: opened, node } = await ready();
    opened.simulator.controls.setHealth(node.instanceId, 'unhealthy');
    const keeper = opened.client.workflow.getHandle(keepNodeId(node.name));
    await opened.temporal.sleep('20m');
    const progress = await untilProgress(keeper, ({ needsAttention }) => needsAttention !== undefined);
    expect(progress.needsAttention).toBe('Lambda shows the instance unhealthy');
    expectCleanSlate(opened.simulator, { alive: 1 });
    await end(opened, node.name);
  });

  test('answers the same request with the living node and refuses another one, naming the field', async () => {
    const request = { name: uniqueName(), pool: 'a' };
    const { world: opened, node } = await ready({}, request);
    const asked = (): (string | undefined)[] =>
      // The lists are the broker's, which looks at its nodes by the clock, asked or not.
      opened.simulator.record.requests.map(({ operation }) => operation).filter((operation) => operation !== 'list');
    const before = asked();
    const again = await startProvision(opened.client, opened.taskQueue, request);
    expect(await again.result()).toEqual(node);
    const other = await startProvision(opened.client, opened.taskQueue, { ...request, pool: 'b' });
    const ending = await endingOf(other.result());
    expect(ending).toMatchObject({ type: 'name_conflict' });
    expect(ending.message).toContain('it differs in pool');
    expect(asked()).toEqual(before);
    await end(opened, node.name);
    expectCleanSlate(opened.simulator);
  });
});

test('ending a node nobody provisions or keeps is said to be that', async () => {
  const { taskQueue, client } = await open();
  const termination = client.workflow.execute('terminateNode', {
    workflowId: terminateNodeId('nobody'),
    taskQueue,
    args: [{ name: 'nobody' }],
  });
  expect(await endingOf(termination)).toMatchObject({ type: 'node_not_found' });
});

test('ending a node that is still being provisioned unwinds it', async () => {
  const { simulator, taskQueue, client } = await open({
    faults: [{ on: 'instance', do: { kind: 'address', when: 'never' } }],
  });
  const name = uniqueName();
  const provision = await startProvision(client, taskQueue, { name });
  await untilProgress(provision, ({ phase }) => phase === 'booting');
  const outcome: unknown = await client.workflow.execute('terminateNode', {
    workflowId: terminateNodeId(name),
    taskQueue,
    args: [{ name }],
  });
  expect(outcome).toEqual({ name, outcome: 'provision_unwound' });
  expect(await endingOf(provision.result())).toMatchObject({ type: 'cancelled' });
  expectCleanSlate(simulator);
});
