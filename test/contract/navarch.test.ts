import { afterEach, describe, expect, test } from 'vitest';
import type { Simulator, SimulatorOptions } from '../../src/simulator/index.ts';
import { startWorld } from './support/world.ts';

let simulator: Simulator;
const world = async (options: SimulatorOptions = {}): Promise<Simulator> => (simulator = await startWorld(options));
afterEach(() => simulator.close());

const HEARTBEAT_MS = 30_000;
const START = Date.UTC(2026, 9, 10);

interface Called {
  readonly status: number;
  readonly text: string;
  readonly json: unknown;
  readonly headers: Headers;
}

async function call(method: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Called> {
  const response = await fetch(`${simulator.navarchUrl}/navarch.ControlPlaneService/${method}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
  return { status: response.status, text, json: isJson ? JSON.parse(text) : undefined, headers: response.headers };
}

const register = (nodeId = 'n1'): Promise<Called> =>
  call('RegisterNode', {
    nodeId,
    provider: 'lambda',
    region: 'us-east-1',
    instanceType: 'gpu_1x_a10',
    gpus: [{ uuid: 'GPU-1', name: 'NVIDIA A10', memoryTotal: '24146608128' }],
    metadata: { hostname: 'h', labels: { pool: 'training' } },
  });
const heartbeat = (nodeId = 'n1'): Promise<Called> =>
  call('SendHeartbeat', { nodeId, timestamp: new Date(simulator.clock.now()).toISOString() });
const node = async (nodeId = 'n1'): Promise<unknown> =>
  ((await call('GetNode', { nodeId })).json as { node: unknown }).node;
const issue = (commandType: string): Promise<Called> => call('IssueCommand', { nodeId: 'n1', commandType });
const untilStatus = (status: string): Promise<void> =>
  expect.poll(() => node(), { timeout: 5000 }).toMatchObject({ status });

describe('registration', () => {
  test('answers with the pace for the agent, and the node is ACTIVE although nothing was heard from it', async () => {
    await world();
    expect((await register()).json).toEqual({
      success: true,
      message: 'registration successful',
      config: {
        healthCheckIntervalSeconds: 60,
        heartbeatIntervalSeconds: 30,
        enabledHealthChecks: ['boot', 'nvml', 'xid'],
      },
    });
    const known = await node();
    expect(known).toMatchObject({
      nodeId: 'n1',
      status: 'NODE_STATUS_ACTIVE',
      lastHeartbeat: '0001-01-01T00:00:00Z',
      gpus: [{ uuid: 'GPU-1', memoryTotal: '24146608128' }],
      metadata: { labels: { pool: 'training' } },
    });
    expect(known).not.toHaveProperty('healthStatus');
    expect(simulator.record.registrations).toMatchObject([
      { nodeId: 'n1', gpuUuids: ['GPU-1'], labels: { pool: 'training' } },
    ]);
  });

  test('without a node id is an invalid argument', async () => {
    await world();
    const answer = await call('RegisterNode', {});
    expect(answer.status).toBe(400);
    expect(answer.json).toMatchObject({ code: 'invalid_argument', message: 'node_id is required' });
  });

  test('of a cordoned node makes it ACTIVE again and keeps its last heartbeat', async () => {
    await world();
    await register();
    await heartbeat();
    await issue('NODE_COMMAND_TYPE_CORDON');
    await register();
    expect(await node()).toMatchObject({ status: 'NODE_STATUS_ACTIVE', lastHeartbeat: '2026-10-10T00:00:00Z' });
  });
});

describe('unknown nodes', () => {
  test('are not found by name, may not report, and have no commands', async () => {
    await world();
    const missing = await call('GetNode', { nodeId: 'x' });
    expect(missing.status).toBe(404);
    expect(missing.json).toMatchObject({ code: 'not_found', message: 'node not found: x' });
    expect((await heartbeat('x')).status).toBe(404);
    expect((await call('ReportHealth', { nodeId: 'x' })).status).toBe(404);
    expect((await call('GetNodeCommands', { nodeId: 'x' })).json).toEqual({});
    expect((await call('IssueCommand', { nodeId: 'x', commandType: 'NODE_COMMAND_TYPE_CORDON' })).status).toBe(404);
  });
});

describe('commands', () => {
  test('cordon, drain and uncordon change the record only', async () => {
    await world();
    await register();
    expect((await issue('NODE_COMMAND_TYPE_UNCORDON')).json).toMatchObject({ code: 'failed_precondition' });
    expect((await issue('NODE_COMMAND_TYPE_CORDON')).json).toMatchObject({ issuedAt: '2026-10-10T00:00:00Z' });
    expect(await node()).toMatchObject({ status: 'NODE_STATUS_CORDONED' });
    await issue('NODE_COMMAND_TYPE_UNCORDON');
    expect(await node()).toMatchObject({ status: 'NODE_STATUS_ACTIVE' });
    await issue('NODE_COMMAND_TYPE_DRAIN');
    expect(await node()).toMatchObject({ status: 'NODE_STATUS_DRAINING' });
    expect((await call('GetNodeCommands', { nodeId: 'n1' })).json).toEqual({});
  });

  test('a terminate waits for the next agent of that id, and is handed out once', async () => {
    await world();
    await register();
    await issue('NODE_COMMAND_TYPE_TERMINATE');
    expect(await node()).toMatchObject({ status: 'NODE_STATUS_ACTIVE' });
    expect((await call('GetNodeCommands', { nodeId: 'n1' })).json).toMatchObject({
      commands: [{ type: 'NODE_COMMAND_TYPE_TERMINATE' }],
    });
    expect((await call('GetNodeCommands', { nodeId: 'n1' })).json).toEqual({});
  });

  test('without a type are refused', async () => {
    await world();
    await register();
    expect((await call('IssueCommand', { nodeId: 'n1' })).json).toMatchObject({ code: 'invalid_argument' });
  });
});

describe('silence', () => {
  test('turns a node UNHEALTHY, and good heartbeats do not mend it: only cordon and uncordon do', async () => {
    await world();
    await register();
    await heartbeat();
    await simulator.controls.advance(6 * HEARTBEAT_MS);
    await untilStatus('NODE_STATUS_UNHEALTHY');

    await heartbeat();
    await simulator.controls.advance(HEARTBEAT_MS);
    expect(await node()).toMatchObject({ status: 'NODE_STATUS_UNHEALTHY' });

    await issue('NODE_COMMAND_TYPE_CORDON');
    await issue('NODE_COMMAND_TYPE_UNCORDON');
    expect(await node()).toMatchObject({ status: 'NODE_STATUS_ACTIVE' });
  });

  test('of a node that never sent a heartbeat, or that is cordoned, is not noticed', async () => {
    await world();
    await register('never');
    await register();
    await heartbeat();
    await issue('NODE_COMMAND_TYPE_CORDON');
    await register('witness');
    await heartbeat('witness');
    await simulator.controls.advance(6 * HEARTBEAT_MS);
    await expect.poll(() => node('witness')).toMatchObject({ status: 'NODE_STATUS_UNHEALTHY' });
    expect(await node('never')).toMatchObject({ status: 'NODE_STATUS_ACTIVE' });
    expect(await node()).toMatchObject({ status: 'NODE_STATUS_CORDONED' });
  });

  test('is judged by the timestamp that the heartbeat itself carries', async () => {
    await world();
    await register();
    await call('SendHeartbeat', { nodeId: 'n1', timestamp: '2099-01-01T00:00:00Z' });
    await register('witness');
    await heartbeat('witness');
    await simulator.controls.advance(6 * HEARTBEAT_MS);
    await expect.poll(() => node('witness')).toMatchObject({ status: 'NODE_STATUS_UNHEALTHY' });
    expect(await node()).toMatchObject({ status: 'NODE_STATUS_ACTIVE' });
  });
});

describe('tokens', () => {
  test('a wrong one is 401 in plain text, not a Connect error; the health page needs none', async () => {
    await world({ navarchToken: 'right' });
    const refused = await call('ListNodes', {}, { authorization: 'Bearer wrong' });
    expect(refused.status).toBe(401);
    expect(refused.text).toBe('unauthorized');
    expect(refused.headers.get('content-type')).toContain('text/plain');
    expect(refused.headers.get('www-authenticate')).toBe('Bearer realm="navarch"');
    expect((await call('ListNodes', {}, { authorization: 'Bearer right' })).json).toEqual({});
    expect((await fetch(`${simulator.navarchUrl}/healthz`)).status).toBe(200);
  });

  test('even the right one is refused while the plan says so', async () => {
    await world({
      navarchToken: 'right',
      faults: [{ on: 'navarch', do: { kind: 'rejects-token', between: [0, 1000] } }],
    });
    expect((await call('ListNodes', {}, { authorization: 'Bearer right' })).status).toBe(401);
    await simulator.controls.advance(1000);
    expect((await call('ListNodes', {}, { authorization: 'Bearer right' })).status).toBe(200);
  });
});

describe('outages', () => {
  test('while it is unavailable every connection is reset, the health page too', async () => {
    await world({ faults: [{ on: 'navarch', do: { kind: 'unavailable', between: [0, 1000] } }] });
    await expect(call('ListNodes', {})).rejects.toThrow();
    await expect(fetch(`${simulator.navarchUrl}/healthz`)).rejects.toThrow();
    await simulator.controls.advance(1000);
    expect((await call('ListNodes', {})).status).toBe(200);
  });

  test('a restart forgets every node, by plan or by hand', async () => {
    await world({ faults: [{ on: 'navarch', do: { kind: 'forgets', atMs: 1000 } }] });
    await register();
    await simulator.controls.advance(1000);
    expect((await heartbeat()).status).toBe(404);
    await register();
    simulator.controls.restartNavarch();
    expect((await call('ListNodes', {})).json).toEqual({});
  });
});

test('lists filter by provider, region and status; nodes that registered themselves are no instances', async () => {
  await world();
  await register();
  await register('n2');
  await issue('NODE_COMMAND_TYPE_CORDON');
  const ids = async (filter: unknown): Promise<unknown> =>
    ((await call('ListNodes', filter)).json as { nodes?: { nodeId: string }[] }).nodes?.map(({ nodeId }) => nodeId);
  expect(await ids({})).toEqual(['n1', 'n2']);
  expect(await ids({ status: 'NODE_STATUS_CORDONED' })).toEqual(['n1']);
  expect(await ids({ provider: 'gcp' })).toBeUndefined();
  expect((await call('ListInstances', {})).json).toEqual({});
  expect((await call('GetInstance', { instanceId: 'n1' })).status).toBe(404);
});

test('what is not a call of the service is refused as an HTTP server would', async () => {
  await world();
  expect((await call('NoSuchMethod', {})).status).toBe(404);
  expect((await fetch(`${simulator.navarchUrl}/navarch.ControlPlaneService/GetNode`)).status).toBe(405);
  expect((await call('GetNode', {}, { 'content-type': 'text/plain' })).status).toBe(415);
  expect(simulator.clock.now()).toBe(START);
});
