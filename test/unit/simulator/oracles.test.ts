import { describe, expect, test } from 'vitest';
import { describeSimulation } from '../../../src/simulator/description.ts';
import type { InstanceTruth } from '../../../src/simulator/instance.ts';
import { oraclesOver, type Oracles } from '../../../src/simulator/oracles.ts';
import type { RequestRecord, SimulatorRecord } from '../../../src/simulator/record.ts';

const MINUTE = 60_000;

const instance = (changes: Partial<InstanceTruth>): InstanceTruth => ({
  id: 'i',
  account: 'default',
  launchNumber: 1,
  name: '',
  tags: [],
  type: 'gpu_1x_a10',
  region: 'us-east-1',
  priceCentsPerHour: 120,
  status: 'terminated',
  address: undefined,
  acceptedAt: 0,
  firstHealthyAt: undefined,
  terminateRequestedAt: undefined,
  endedAt: undefined,
  endedBy: undefined,
  history: [],
  gpuUuids: [],
  jupyterToken: '',
  ...changes,
});

const request = (changes: Partial<RequestRecord>): RequestRecord => ({
  at: 0,
  method: 'POST',
  path: '/api/v1/instance-operations/launch',
  operation: 'launch',
  keyOk: true,
  account: 'default',
  status: 200,
  rateLimited: undefined,
  faults: [],
  body: undefined,
  launchName: undefined,
  tags: [],
  createdInstanceId: undefined,
  terminatedInstanceIds: [],
  ...changes,
});

const recordOf = (record: Partial<SimulatorRecord>): SimulatorRecord => ({
  requests: [],
  instances: [],
  connections: [],
  commands: [],
  processes: [],
  registrations: [],
  nodeCommands: [],
  navarchCalls: new Map(),
  breakdowns: [],
  ...record,
});

const over = (record: Partial<SimulatorRecord>, now = 0): Oracles => oraclesOver(recordOf(record), () => now);

describe('billing', () => {
  test('runs per started minute from the launch, and from the first healthy moment', () => {
    const ended = instance({ acceptedAt: 0, firstHealthyAt: 5 * MINUTE, terminateRequestedAt: 10 * MINUTE + 1 });
    expect(over({ instances: [ended] }).billing()).toEqual({ fromAcceptanceCents: 22, fromFirstHealthyCents: 12 });
  });

  test('runs on until now for what nobody has asked to end', () => {
    const running = instance({ status: 'active', firstHealthyAt: MINUTE });
    expect(over({ instances: [running] }, 60 * MINUTE).billing().fromAcceptanceCents).toBe(120);
  });
});

describe('who is alive', () => {
  test('what is terminating is alive and no longer billed', () => {
    const ending = instance({ status: 'terminating', terminateRequestedAt: 1 });
    const oracles = over({ instances: [ending, instance({ endedAt: 1 })] });
    expect(oracles.instancesAlive()).toEqual([ending]);
    expect(oracles.instancesBilling()).toEqual([]);
  });

  test('two instances of one node that overlap are two; one after the other is one', () => {
    const tags = [{ key: 'navarch-node', value: 'a' }];
    const first = instance({ tags, acceptedAt: 0, terminateRequestedAt: 10 });
    expect(
      over({ instances: [first, instance({ tags, acceptedAt: 9 })] })
        .instancesPerNode()
        .get('a'),
    ).toBe(2);
    expect(
      over({ instances: [first, instance({ tags, acceptedAt: 10 })] })
        .instancesPerNode()
        .get('a'),
    ).toBe(1);
  });
});

test('the closing line names a few of those left alive, and counts the rest', () => {
  const instances = Array.from({ length: 7 }, (_, n) => instance({ name: `n${n}`, status: 'active' }));
  const record = recordOf({ instances });
  expect(
    describeSimulation(
      7,
      record,
      oraclesOver(record, () => 0),
    ),
  ).toContain('7 instances launched, 0 ended, 7 alive (n0 active, n1 active, n2 active, n3 active, n4 active, …)');
});

test('a token sent twice shows, whether or not it made anything', () => {
  const tags = [{ key: 'navarch-launch', value: 't' }];
  const requests = [request({ tags, createdInstanceId: 'i' }), request({ tags, status: 429 })];
  expect(over({ requests }).launchesPerToken()).toEqual(new Map([['t', { requests: 2, created: 1 }]]));
});

test('what two launches of one token made at the same time shows, whatever became of their tags', () => {
  const tags = [{ key: 'navarch-launch', value: 't' }];
  const requests = ['a', 'b', 'c'].map((createdInstanceId) => request({ tags, createdInstanceId }));
  const [a, b, c] = [
    instance({ id: 'a', acceptedAt: 0, terminateRequestedAt: 10 }),
    instance({ id: 'b', acceptedAt: 9 }),
    instance({ id: 'c', acceptedAt: 11, endedAt: 12 }),
  ];
  const most = (...instances: InstanceTruth[]): unknown => [...over({ requests, instances }).instancesPerToken()];
  expect(most(a, b)).toEqual([['t', 2]]);
  expect(most(a, c)).toEqual([['t', 1]]);
  expect(most(a, b, c)).toEqual([['t', 2]]);
  expect(most(instance({ id: 'of nobody' }))).toEqual([]);
});

test('who asked to terminate an instance, when, with what answer and effect', () => {
  const asked = (changes: Partial<RequestRecord>): RequestRecord =>
    request({ operation: 'terminate', body: { instance_ids: ['i', 'j'] }, ...changes });
  const oracles = over({
    requests: [
      asked({ at: 1, account: undefined, status: 401 }),
      asked({ at: 2, body: { instance_ids: 'i' } }),
      asked({ at: 3, body: null }),
      asked({ at: 4, status: undefined, terminatedInstanceIds: ['i', 'j'] }),
      request({ operation: 'restart', body: { instance_ids: ['i'] } }),
      asked({ at: 5, body: { instance_ids: ['j'] } }),
    ],
  });
  expect(oracles.terminationsOf('i')).toEqual([
    { at: 1, account: undefined, status: 401, tookEffect: false },
    { at: 4, account: 'default', status: undefined, tookEffect: true },
  ]);
  expect(oracles.terminationsOf('k')).toEqual([]);
});

describe('secrets', () => {
  test('are found in bodies, tags, commands, process lists and labels, and never repeated', () => {
    const at = 0;
    const sightings = over({
      requests: [request({ body: { name: 'x-hunter2' } })],
      instances: [instance({ tags: [{ key: 'kk', value: 'hunter2' }] })],
      commands: [{ at, instanceId: 'i', command: 'echo hunter2', stdinBytes: 0 }],
      processes: [{ at, instanceId: 'i', argv: ['agent', '--auth-token', 'hunter2'] }],
    }).secretsSeen(['innocent', 'hunter2']);
    expect(sightings.map(({ place }) => place)).toEqual([
      'POST request',
      'instance i',
      'command on i',
      'process list of i',
    ]);
    expect(JSON.stringify(sightings)).not.toContain('hunter2');
    expect(new Set(sightings.map(({ secret }) => secret))).toEqual(new Set([1]));
  });

  test('of several lines are found in JSON, too', () => {
    const oracles = over({ requests: [request({ body: { key: 'line one\nline two' } })] });
    expect(oracles.secretsSeen(['line one\nline two'])).toHaveLength(1);
  });
});
