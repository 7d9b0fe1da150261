import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, expect, inject, test, vi } from 'vitest';
import { nexusEndpointName } from '../../../src/contract/nexus.ts';
import { mainTaskQueue } from '../../../src/contract/task-queues.ts';
import { keepNodeId, provisionNodeId } from '../../../src/contract/workflow-ids.ts';
import { createWorld, type World } from '../../../src/demo/world.ts';
import { ensureNexusEndpoint } from '../../../src/nexus-endpoint.ts';
import { REGIONS } from '../../../src/simulator/index.ts';
import { installRuntime } from '../../../src/worker-runtime.ts';
import { expectCleanSlate } from '../../support/clean-slate.ts';
import { startCallers, type Callers } from './callers.ts';
import { refusalOf } from './refusal-of.ts';

// Workflows of another namespace provision and end nodes through a Nexus endpoint, on a real Temporal server, with a simulated cloud.

const ACCOUNT = `nexus-${process.pid}`;
const TYPE = 'gpu_1x_a10';
/** Of these there are none, until a test says otherwise. */
const SCARCE = 'gpu_8x_h100_sxm5';

let world: World;
let ours: Client;
let callers: Callers;

beforeAll(async () => {
  const address = inject('temporalAddress');
  world = await createWorld({
    temporalAddress: address,
    logger: installRuntime({ log: { level: 'error', format: 'json' }, metricsAddress: undefined }),
    account: ACCOUNT,
    seed: 5,
    clockFactor: 60,
    // By id, an instance that ended is shown as such for long: on a slow machine too, that is what proves its end.
    afterEnd: { gettableMs: 3_600_000 },
    workflowBundlePath: inject('workflowBundlePath'),
  });
  setCapacity(0);
  await world.startWorker();
  ours = new Client({ connection: await Connection.connect({ address }) });
  const name = nexusEndpointName(ACCOUNT);
  await ensureNexusEndpoint(ours.connection, { name, namespace: 'default', taskQueue: mainTaskQueue(ACCOUNT) });
  callers = await startCallers(address, name);
}, 60_000);

afterEach(() => expectCleanSlate(world.simulator));

afterAll(async () => {
  await callers.close();
  await ours.connection.close();
  await world.close();
});

const WITHIN = { timeout: 30_000, interval: 50 };
vi.setConfig({ testTimeout: 40_000 });

function setCapacity(slots: number): void {
  for (const { name } of REGIONS) world.simulator.controls.setCapacity(SCARCE, name, slots);
}

/** The token by which the server knows the operation that a caller's workflow has started. */
async function started(call: WorkflowHandle): Promise<string> {
  return vi.waitFor(async () => {
    const { events } = await call.fetchHistory();
    const begun = events?.find((event) => event.nexusOperationStartedEventAttributes != null);
    const token = begun?.nexusOperationStartedEventAttributes?.operationToken;
    if (token == null) throw new Error('not started yet');
    return token;
  }, WITHIN);
}

async function isRunning(workflowId: string): Promise<boolean> {
  return (await ours.workflow.getHandle(workflowId).describe()).status.name === 'RUNNING';
}

/** How often the latest run of that id was asked to cancel. */
async function cancelsOf(workflowId: string): Promise<number> {
  const { events = [] } = await ours.workflow.getHandle(workflowId).fetchHistory();
  return (events ?? []).filter((event) => event.workflowExecutionCancelRequestedEventAttributes != null).length;
}

test('a caller that knows only the endpoint gets a node, the same again when it asks again, and an end of it', async () => {
  const request = { name: 'nexus-whole', instanceType: TYPE, pool: 'training' };
  const node = await (await callers.provision(request)).result();
  expect(node).toMatchObject({ name: 'nexus-whole', instanceType: TYPE, pool: 'training', launchesUsed: 1 });
  expectCleanSlate(world.simulator, { alive: 1 });
  expect(await isRunning(keepNodeId('nexus-whole'))).toBe(true);

  expect(await (await callers.provision(request)).result()).toEqual(node);
  const other = await callers.provision({ ...request, pool: 'inference', labels: { team: 'a' } });
  expect(await refusalOf(other)).toMatchObject({
    type: 'name_conflict',
    details: { fields: ['labels', 'pool'] },
  });

  const end = await (await callers.terminate({ name: 'nexus-whole', reason: 'no longer wanted' })).result();
  expect(end).toEqual({ name: 'nexus-whole', outcome: 'node_ended', instanceId: node.instanceId });
});

test('who asks for the same joins the run in progress, who asks for something else is told in what it differs', async () => {
  const request = { name: 'nexus-joined', instanceType: SCARCE, region: 'us-east-1' };
  const first = await callers.provision(request);
  await started(first);
  const second = await callers.provision({ region: 'us-east-1', instanceType: SCARCE, name: 'nexus-joined' });
  await started(second);
  const other = await callers.provision({ ...request, instanceType: [SCARCE, TYPE], lifetime: '1h' });
  expect(await refusalOf(other)).toMatchObject({
    type: 'CONFLICT',
    cause: {
      type: 'name_conflict',
      message: 'name: nexus-joined is held by another request; it differs in instanceType, lifetime',
      details: { fields: ['instanceType', 'lifetime'] },
    },
  });

  setCapacity(1);
  const nodes = await Promise.all([first.result(), second.result()]);
  setCapacity(0);
  expect(nodes[0]).toEqual(nodes[1]);
  expectCleanSlate(world.simulator, { alive: 1 });
  await (await callers.terminate({ name: 'nexus-joined' })).result();
});

test('cancelled while the machine boots, a provision is undone before its caller hears of the end', async () => {
  const call = await callers.provision({ name: 'nexus-cancelled', instanceType: TYPE });
  await vi.waitFor(() => expect(world.simulator.oracles.instancesBilling()).toHaveLength(1), WITHIN);
  await call.cancel();
  expect(await refusalOf(call)).toMatchObject({ type: 'cancelled' });
  expectCleanSlate(world.simulator);
});

test('a cancel that comes after the end leaves the next node of that name alone', async () => {
  const request = { name: 'nexus-again', instanceType: SCARCE };
  const first = await callers.provision(request);
  const token = await started(first);
  await first.cancel();
  await refusalOf(first);

  const second = await callers.provision({ ...request, pool: 'later' });
  expect(await started(second)).not.toBe(token);
  await callers.cancelLate(token);
  await callers.cancelLate(token);
  expect(await cancelsOf(provisionNodeId('nexus-again'))).toBe(0);
  await callers.cancelLate(await started(second));
  expect(await cancelsOf(provisionNodeId('nexus-again'))).toBe(1);
  expect(await refusalOf(second)).toMatchObject({ type: 'cancelled' });
});

test.each([
  ['provision', { name: 'Not_A_Label', instanceType: TYPE, regoin: 'us-east-1' }, ['name', 'regoin']],
  ['provision', { name: 'nexus-bad', instanceType: TYPE, deadlines: { ssh: 'soon' } }, ['deadlines.ssh']],
  ['provision', 'nexus-bad', ['request']],
  ['terminate', {}, ['name']],
  ['terminate', { name: 'nexus-bad', force: true }, ['force']],
] as const)('bad input to %s is refused by name: %j', async (operation, request, fields) => {
  const refused = await refusalOf(await callers[operation](request));
  expect(refused).toMatchObject({ type: 'BAD_REQUEST', cause: { type: 'invalid_request' } });
  for (const field of fields) expect(refused?.message).toContain(`${field}: `);
  const { details } = refused?.cause ?? {};
  expect((details as { fields: { field: string }[] }).fields.map(({ field }) => field)).toEqual(fields);
});

test('an operation fails with the type that its workflow fails with', async () => {
  const dear = await callers.provision({ name: 'nexus-dear', instanceType: TYPE, maxPricePerHourUsd: 0.01 });
  expect(await refusalOf(dear)).toMatchObject({ type: 'price_too_high' });
  const gone = await callers.terminate({ name: 'nexus-never-was' });
  expect(await refusalOf(gone)).toMatchObject({ type: 'node_not_found' });
});
