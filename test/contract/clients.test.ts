import { afterEach, describe, expect, test } from 'vitest';
import { LambdaClient, LambdaError, type LaunchRequest } from '../../src/clients/lambda/index.ts';
import { NavarchClient, NavarchError } from '../../src/clients/navarch/index.ts';
import type { FaultRule, RequestFault, Simulator, SimulatorOptions } from '../../src/simulator/index.ts';
import { startWorld } from './support/world.ts';

let simulator: Simulator;
afterEach(() => simulator.close());

const MINUTE = 60_000;

describe('our Lambda client against the simulated API', () => {
  const connect = async (options: SimulatorOptions = {}): Promise<LambdaClient> => {
    simulator = await startWorld(options);
    return new LambdaClient({ apiKey: simulator.apiKey, baseUrl: simulator.lambdaUrl, launchTimeoutMs: 500 });
  };
  const order: LaunchRequest = {
    regionName: 'us-east-1',
    instanceTypeName: 'gpu_1x_a10',
    sshKeyNames: ['ci'],
    name: 'a-token',
    tags: [{ key: 'navarch-launch', value: 'token' }],
    userData: '#cloud-config',
  };
  const failureOf = async (call: Promise<unknown>): Promise<unknown> => {
    const error: unknown = await call.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (!(error instanceof LambdaError)) throw new Error('a LambdaError was expected', { cause: error });
    return { type: error.type, outcome: error.outcome };
  };

  test.each<[string, SimulatorOptions['wire']]>([
    ['as it is', {}],
    ['with unknown fields', { unknownFields: true }],
    ['with nulls', { nulls: true }],
    ['of May 2026', { olderSpec: true }],
    ['that always pages', { paging: 'always', pageSize: 1 }],
  ])('reads everything from launch to the end, of an API %s', async (_which, wire = {}) => {
    const lambda = await connect({ wire });
    const types = await lambda.listInstanceTypes();
    expect(types.find(({ instanceType }) => instanceType.name === 'gpu_1x_a10')).toMatchObject({
      instanceType: { priceCentsPerHour: 129, specs: { gpus: 1 } },
      regionsWithCapacity: expect.arrayContaining([{ name: 'us-east-1', description: 'Virginia, USA' }]) as unknown,
    });
    expect(await lambda.listSshKeys()).toMatchObject([{ name: 'ci' }]);
    expect((await lambda.listImages()).length).toBeGreaterThan(0);
    expect((await lambda.listRegions()).length).toBeGreaterThan(0);

    const { instanceId } = await lambda.launchInstance(order);
    await lambda.launchInstance({ ...order, name: 'another' });
    expect(await lambda.getInstance(instanceId)).toMatchObject({ status: 'booting', tags: order.tags });
    await simulator.controls.advance(6 * MINUTE);
    expect(await lambda.listInstances()).toMatchObject([{ name: 'another' }, { id: instanceId, status: 'active' }]);
    expect(JSON.stringify(await lambda.listInstances())).not.toContain(simulator.record.instances[0]?.jupyterToken);
    expect(await lambda.terminateInstance(instanceId)).toMatchObject({ id: instanceId, status: 'terminating' });
    await simulator.controls.advance(2 * MINUTE);
    expect(await lambda.getInstance(instanceId)).toMatchObject({ status: 'terminated' });
  });

  const launchFails = (fault: RequestFault): SimulatorOptions => ({ faults: [{ on: 'launch', do: fault }] });
  test.each<[string, SimulatorOptions, unknown]>([
    ['no capacity', { capacity: { kind: 'none' } }, { type: 'capacity_unavailable', outcome: 'refused' }],
    ['over the quota', { quota: 0 }, { type: 'quota_exceeded', outcome: 'refused' }],
    ['an unknown key', { sshKeys: [] }, { type: 'invalid_request', outcome: 'refused' }],
    ['429', launchFails({ kind: 'rate-limited', body: 'cloudflare' }), { type: 'rate_limited', outcome: 'refused' }],
    ['500', launchFails({ kind: 'error', status: 500 }), { type: 'provider_unavailable', outcome: 'unknown' }],
    ['an HTML 502', launchFails({ kind: 'error', status: 502, body: 'html' }), { outcome: 'unknown' }],
    ['a lost answer', launchFails({ kind: 'lost-answer', as: { answer: 'reset' } }), { outcome: 'unknown' }],
    ['no answer', launchFails({ kind: 'lost-answer', as: { answer: 'never' } }), { outcome: 'unknown' }],
    ['an empty 200', launchFails({ kind: 'lost-answer', as: { answer: 'empty' } }), { outcome: 'unknown' }],
    ['no ids', launchFails({ kind: 'lost-answer', as: { answer: 'no-ids' } }), { outcome: 'unknown' }],
  ])('knows what a failed launch proves: %s', async (_what, options, expected) => {
    const lambda = await connect(options);
    expect(await failureOf(lambda.launchInstance(order))).toMatchObject(expected as object);
    expect(simulator.record.requests).toHaveLength(1);
  });

  test('sees a terminate that was not applied, a key that was revoked, and a list without end', async () => {
    const faults: FaultRule[] = [{ on: 'terminate', nth: 1, do: { kind: 'not-echoed' } }];
    const lambda = await connect({ faults, wire: { paging: 'repeats-token', pageSize: 1, requestIds: true } });
    const { instanceId } = await lambda.launchInstance(order);
    expect(await failureOf(lambda.terminateInstance(instanceId))).toMatchObject({ type: 'terminate_not_echoed' });
    expect(await failureOf(lambda.listInstances())).toMatchObject({ type: 'unreadable_response' });
    simulator.controls.revokeKey(simulator.apiKey);
    await expect(lambda.listRegions()).rejects.toMatchObject({
      type: 'unauthorized',
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
    });
  });
});

describe.each(['1.1', '2'] as const)('our Navarch client over HTTP/%s', (httpVersion) => {
  const withClient = async (
    options: SimulatorOptions,
    use: (navarch: NavarchClient) => Promise<void>,
  ): Promise<void> => {
    simulator = await startWorld({ navarchToken: 'right', ...options });
    const navarch = new NavarchClient({ baseUrl: simulator.navarchUrl, authToken: 'right', httpVersion });
    await use(navarch).finally(() => navarch.close());
  };
  const node = { nodeId: 'n1', provider: 'lambda', region: 'us-east-1', instanceType: 'gpu_1x_a10', gpus: [] };

  test('registers, reads, cordons, and knows a heartbeat that never was', () =>
    withClient({}, async (navarch) => {
      expect(await navarch.getNode('n1')).toBeUndefined();
      expect(await navarch.registerNode(node)).toMatchObject({ heartbeatIntervalSeconds: 30 });
      const known = await navarch.getNode('n1');
      expect(known).toMatchObject({ status: 'ACTIVE', health: 'UNKNOWN' });
      expect(known?.lastHeartbeatMs).toBeUndefined();
      await navarch.issueCommand({ nodeId: 'n1', command: 'cordon' });
      expect(await navarch.listNodes({ status: 'CORDONED' })).toMatchObject([{ nodeId: 'n1' }]);
      await navarch.issueCommand({ nodeId: 'n1', command: 'uncordon' });
      await expect(navarch.issueCommand({ nodeId: 'n1', command: 'uncordon' })).rejects.toMatchObject({
        kind: 'conflict',
      });
    }));

  test('tells a refused token from a control plane that is away', () =>
    withClient({}, async (navarch) => {
      simulator.controls.addFault({ on: 'navarch', do: { kind: 'rejects-token', between: [0, 1000] } });
      await expect(navarch.getNode('n1')).rejects.toMatchObject({ kind: 'unauthorized' });
      await simulator.controls.advance(1000);
      simulator.controls.setNavarchUp(false);
      const error: unknown = await navarch.getNode('n1').catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(NavarchError);
      expect(error).toMatchObject({ kind: 'unavailable' });
    }));
});
