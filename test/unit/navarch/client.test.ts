import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { expect, onTestFinished, test, vi } from 'vitest';
import {
  HealthStatus,
  InstanceState,
  NodeCommandType,
  NodeStatus,
} from '../../../src/clients/navarch/gen/navarch_pb.ts';
import type {
  IssueCommandRequest,
  ListInstancesRequest,
  ListNodesRequest,
  RegisterNodeRequest,
} from '../../../src/clients/navarch/gen/navarch_pb.ts';
import { NavarchClient } from '../../../src/clients/navarch/index.ts';
import type { NavarchClientOptions, NavarchCommand } from '../../../src/clients/navarch/index.ts';
import { startControlPlane, startHttpServer } from './control-plane.ts';

function client(baseUrl: string, options: Partial<NavarchClientOptions> = {}): NavarchClient {
  const made = new NavarchClient({ baseUrl, ...options });
  onTestFinished(() => made.close());
  return made;
}

const gpu = {
  index: 0,
  uuid: 'GPU-b1b0c9de-0000-4000-8000-000000000001',
  name: 'NVIDIA H100 80GB HBM3',
  pciBusId: '00000000:07:00.0',
  driverVersion: '570.86',
  cudaVersion: '12.8',
};
const memoryBytes = 85_520_809_984;

test('a node comes as plain values', async () => {
  const { baseUrl } = await startControlPlane({
    getNode: ({ nodeId }) => ({
      node: {
        nodeId,
        provider: 'lambda',
        region: 'us-south-2',
        instanceType: 'gpu_1x_h100_sxm5',
        status: NodeStatus.CORDONED,
        healthStatus: HealthStatus.DEGRADED,
        lastHeartbeat: timestampFromMs(1_780_000_000_123),
        gpus: [{ ...gpu, memoryTotal: BigInt(memoryBytes) }],
        metadata: { hostname: 'h', internalIp: '10.0.0.1', externalIp: '1.2.3.4', labels: { pool: 'training' } },
      },
    }),
  });
  expect(await client(baseUrl).getNode('abc')).toEqual({
    nodeId: 'abc',
    provider: 'lambda',
    region: 'us-south-2',
    zone: '',
    instanceType: 'gpu_1x_h100_sxm5',
    status: 'CORDONED',
    health: 'DEGRADED',
    lastHeartbeatMs: 1_780_000_000_123,
    gpus: [{ ...gpu, memoryBytes }],
    hostname: 'h',
    internalIp: '10.0.0.1',
    externalIp: '1.2.3.4',
    kernelVersion: '',
    labels: { pool: 'training' },
  });
});

test("a node that was never heard from has no heartbeat, although Go's zero time is a value", async () => {
  const { baseUrl } = await startControlPlane({
    getNode: () => ({ node: { status: NodeStatus.ACTIVE, lastHeartbeat: { seconds: -62_135_596_800n } } }),
  });
  const node = await client(baseUrl).getNode('abc');
  expect(node).toMatchObject({ status: 'ACTIVE', health: 'UNKNOWN' });
  expect(node).not.toHaveProperty('lastHeartbeatMs');
});

test('a status that this version does not know is UNKNOWN, not an error', async () => {
  const { baseUrl } = await startControlPlane({ getNode: () => ({ node: { status: 99 as never } }) });
  expect(await client(baseUrl).getNode('abc')).toMatchObject({ status: 'UNKNOWN' });
});

test('nodes are listed as the filter says, and an empty filter sends none', async () => {
  const requests: ListNodesRequest[] = [];
  const { baseUrl } = await startControlPlane({
    listNodes: (request) => {
      requests.push(request);
      return { nodes: [{ nodeId: 'a' }, { nodeId: 'b' }] };
    },
  });
  const nodes = await client(baseUrl).listNodes({ region: 'us-south-2', status: 'UNHEALTHY' });
  expect(nodes.map((node) => node.nodeId)).toEqual(['a', 'b']);
  await client(baseUrl).listNodes();
  expect(requests).toMatchObject([
    { provider: '', region: 'us-south-2', status: NodeStatus.UNHEALTHY },
    { provider: '', region: '', status: NodeStatus.UNKNOWN },
  ]);
});

test('a registration tells all that was given, and brings back what the agent is to do', async () => {
  const requests: RegisterNodeRequest[] = [];
  const { baseUrl } = await startControlPlane({
    registerNode: (request) => {
      requests.push(request);
      const config = {
        healthCheckIntervalSeconds: 60,
        heartbeatIntervalSeconds: 30,
        enabledHealthChecks: ['boot', 'xid'],
      };
      return { success: true, message: 'registration successful', config };
    },
  });
  const config = await client(baseUrl).registerNode({
    nodeId: 'abc',
    provider: 'lambda',
    region: 'us-south-2',
    instanceType: 'gpu_1x_h100_sxm5',
    gpus: [{ ...gpu, memoryBytes }],
    externalIp: '1.2.3.4',
    labels: { pool: 'training' },
  });
  expect(config).toEqual({
    healthCheckIntervalSeconds: 60,
    heartbeatIntervalSeconds: 30,
    enabledHealthChecks: ['boot', 'xid'],
  });
  expect(requests).toMatchObject([
    {
      nodeId: 'abc',
      provider: 'lambda',
      gpus: [{ uuid: gpu.uuid, memoryTotal: BigInt(memoryBytes) }],
      metadata: { externalIp: '1.2.3.4', hostname: '', labels: { pool: 'training' } },
    },
  ]);
});

test('a registration without success is an error with the reason', async () => {
  const { baseUrl } = await startControlPlane({
    registerNode: () => ({ success: false, message: 'the house is full' }),
  });
  const registering = client(baseUrl).registerNode({
    nodeId: 'abc',
    provider: '',
    region: '',
    instanceType: '',
    gpus: [],
  });
  await expect(registering).rejects.toMatchObject({
    kind: 'unexpected',
    message: expect.stringContaining('full') as string,
  });
});

test.each([
  ['cordon', NodeCommandType.CORDON],
  ['uncordon', NodeCommandType.UNCORDON],
  ['drain', NodeCommandType.DRAIN],
  ['terminate', NodeCommandType.TERMINATE],
] as [NavarchCommand['command'], NodeCommandType][])(
  'the command %s is sent as it is',
  async (command, commandType) => {
    const requests: IssueCommandRequest[] = [];
    const { baseUrl } = await startControlPlane({
      issueCommand: (request) => {
        requests.push(request);
        return { commandId: 'c-1', issuedAt: timestampFromMs(1_780_000_000_000) };
      },
    });
    const answer = await client(baseUrl).issueCommand({ nodeId: 'abc', command });
    expect(answer).toEqual({ commandId: 'c-1', issuedAtMs: 1_780_000_000_000 });
    expect(requests).toMatchObject([{ nodeId: 'abc', commandType }]);
  },
);

test('instances come as plain values, as the filter says', async () => {
  const requests: ListInstancesRequest[] = [];
  const { baseUrl } = await startControlPlane({
    listInstances: (request) => {
      requests.push(request);
      return {
        instances: [
          {
            instanceId: 'i',
            state: InstanceState.PENDING_REGISTRATION,
            poolName: 'p',
            createdAt: timestampFromMs(5_000),
          },
        ],
      };
    },
  });
  const [instance] = await client(baseUrl).listInstances({ state: 'RUNNING', poolName: 'p' });
  expect(instance).toMatchObject({ instanceId: 'i', state: 'PENDING_REGISTRATION', poolName: 'p', createdAtMs: 5_000 });
  expect(instance).not.toHaveProperty('readyAtMs');
  expect(requests).toMatchObject([{ state: InstanceState.RUNNING, poolName: 'p' }]);
});

test('the token is asked for at each call, and sent without the line end of its file', async () => {
  const { baseUrl, headers } = await startControlPlane({ listNodes: () => ({}) }, { token: 'second' });
  const tokens = ['first', 'second\n'];
  const navarch = client(baseUrl, { authToken: () => Promise.resolve(tokens.shift()) });
  await expect(navarch.listNodes()).rejects.toMatchObject({ kind: 'unauthorized' });
  expect(await navarch.listNodes()).toEqual([]);
  expect(headers.map((each) => each.authorization)).toEqual(['Bearer first', 'Bearer second']);
});

test('the user agent is ours, and no token is sent where none is set', async () => {
  const { baseUrl, headers } = await startControlPlane({ listNodes: () => ({}) });
  await client(baseUrl).listNodes();
  await client(baseUrl, { userAgent: 'other/1', authToken: '' }).listNodes();
  expect(headers.map((each) => each['user-agent'])).toEqual(['navarch-provisioner', 'other/1']);
  expect(headers.map((each) => each.authorization)).toEqual([undefined, undefined]);
});

test('a base URL may have a path, and a slash at its end', async () => {
  const paths: (string | undefined)[] = [];
  const { baseUrl } = await startHttpServer((request, response) => {
    paths.push(request.url);
    response.writeHead(200, { 'content-type': 'application/proto' }).end();
  });
  await client(`${baseUrl}/fleet/`).listNodes();
  expect(paths).toEqual(['/fleet/navarch.ControlPlaneService/ListNodes']);
});

test('over HTTP/2 calls share a connection, which close ends', async () => {
  const { baseUrl, sockets } = await startControlPlane(
    { listNodes: () => ({ nodes: [{ nodeId: 'a' }] }) },
    { http2: true },
  );
  const navarch = client(baseUrl, { httpVersion: '2' });
  await Promise.all([navarch.listNodes(), navarch.listNodes()]);
  expect(await navarch.listNodes()).toHaveLength(1);
  expect(sockets.size).toBe(1);
  navarch.close();
  navarch.close();
  await vi.waitFor(() => expect(sockets.size).toBe(0));
});

test('over HTTP/1.1 no connection outlives its call', async () => {
  const { baseUrl, sockets } = await startControlPlane({ listNodes: () => ({}) });
  await client(baseUrl).listNodes();
  await vi.waitFor(() => expect(sockets.size).toBe(0));
});
