import { readdirSync, readFileSync } from 'node:fs';
import { ApplicationFailure } from '@temporalio/common';
import { beforeAll, describe, expect, test } from 'vitest';
import { fromLaunch } from '../../../src/activities/failures.ts';
import { LambdaInvalidRequestError } from '../../../src/clients/lambda/index.ts';
import { jsonSchemas } from '../../../src/contract/json-schemas.ts';
import { parseRequest } from '../../../src/contract/parse.ts';
import { provisionNodeRequest } from '../../../src/contract/provision-node.ts';
import { refuseDifferent } from '../../../src/contract/same-request.ts';
import { instanceRequest, sweepRequest } from '../../../src/contract/sweep.ts';
import { terminateNodeRequest } from '../../../src/contract/terminate-node.ts';
import { FAILURE_TYPES } from '../../../src/domain/failures.ts';
import { validatorOf } from './schema-validator.ts';

const FOLDER = new URL('../../../schema/', import.meta.url);

function checkedIn(file: string): unknown {
  return JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8'));
}

const schemas = jsonSchemas();

describe('the schemas that are checked in', () => {
  test.each(Object.keys(schemas))('%s is what the contract gives (else: node scripts/generate-schemas.mjs)', (file) => {
    expect(readFileSync(new URL(file, FOLDER), 'utf8')).toBe(schemas[file]);
  });

  test('are all of the contract: none is left over', () => {
    expect(readdirSync(FOLDER).toSorted()).toEqual(Object.keys(schemas).toSorted());
  });

  test('say of everything a caller may send what it is for', () => {
    const { properties } = checkedIn('provision-node.request.json') as {
      properties: Record<string, { description?: string }>;
    };
    expect(Object.keys(properties).toSorted()).toEqual(Object.keys(provisionNodeRequest.shape).toSorted());
    for (const [field, schema] of Object.entries(properties)) expect(schema.description, field).toMatch(/\.$/);
  });

  test('use no pattern that only JavaScript knows', () => {
    // RE2 (Go, and others) has neither look-around nor back references.
    for (const text of Object.values(schemas)) expect(text).not.toMatch(/"pattern": "[^"]*(\(\?[=!<]|\\\\[1-9])/);
  });
});

const REQUEST = { name: 'trainer-1', instanceType: 'gpu_1x_a10' };

describe('a service that checks its request by the schema and we by ours', () => {
  let validate: (value: unknown) => boolean;
  beforeAll(async () => {
    validate = await validatorOf(checkedIn('provision-node.request.json'));
  });

  test.each<[Record<string, unknown>]>([
    [{}],
    [{ instanceType: ['gpu_8x_h100_sxm5', 'gpu_8x_a100'], region: ['us-east-1'] }],
    [{ region: 'us-east-1', sshKeyNames: ['k'], image: { family: 'lambda-stack-24-04' }, fileSystemNames: [] }],
    [{ image: { id: 'x' }, pool: 'training', labels: { team: 'vision', 'cost:centre': '' } }],
    [{ bootstrap: { commands: ['echo {{.NodeID}}'] }, capacity: { waitUpTo: '0s' }, lifetime: '30d' }],
    [{ maxPricePerHourUsd: 4.29, maxLaunches: 20, deadlines: { ssh: '90s', whole: '3d' } }],
  ])('agree that %j is good', (change) => {
    const request = { ...REQUEST, ...change };
    expect([validate(request), provisionNodeRequest.safeParse(request).success]).toEqual([true, true]);
  });

  test.each<[unknown]>([
    [null],
    ['gpu_1x_a10'],
    [[REQUEST]],
    [{ name: 'n' }],
    [{ instanceType: 'gpu_1x_a10' }],
    [{ ...REQUEST, name: 'a'.repeat(60) }],
    [{ ...REQUEST, name: 'Trainer' }],
    [{ ...REQUEST, colour: 'red' }],
    [{ ...REQUEST, instanceType: 5 }],
    [{ ...REQUEST, instanceType: [] }],
    [{ ...REQUEST, region: ['us-east-1', 5] }],
    [{ ...REQUEST, sshKeyNames: ['a', 'b'] }],
    [{ ...REQUEST, sshKeyNames: [] }],
    [{ ...REQUEST, image: { id: 'a', family: 'b' } }],
    [{ ...REQUEST, image: {} }],
    [{ ...REQUEST, pool: '-a' }],
    [{ ...REQUEST, labels: { Team: 'x' } }],
    [{ ...REQUEST, labels: { team: 5 } }],
    [{ ...REQUEST, labels: { 'navarch-node': 'x' } }],
    [{ ...REQUEST, labels: { 'lambda-ai-x': 'x' } }],
    [{ ...REQUEST, bootstrap: { commands: [] } }],
    [{ ...REQUEST, capacity: { waitUpTo: '2 days' } }],
    [{ ...REQUEST, capacity: { waitUpTo: '1h', priority: 1, extra: 1 } }],
    [{ ...REQUEST, maxPricePerHourUsd: 0 }],
    [{ ...REQUEST, maxLaunches: 1.5 }],
    [{ ...REQUEST, lifetime: 30 }],
    [{ ...REQUEST, deadlines: { boot: '5m' } }],
  ])('agree that %j is bad', (request) => {
    expect([validate(request), provisionNodeRequest.safeParse(request).success]).toEqual([false, false]);
  });

  test('differ only where JSON Schema cannot say it: then ours is the stricter one', () => {
    for (const change of [
      { bootstrap: { commands: ['echo {{.Zone}}'] } },
      { lifetime: '0s' },
      { capacity: { waitUpTo: '999999999d' } },
    ]) {
      const request = { ...REQUEST, ...change };
      expect([validate(request), provisionNodeRequest.safeParse(request).success]).toEqual([true, false]);
    }
  });
});

test.each<[unknown, boolean]>([
  [{ name: 'n' }, true],
  [{ name: 'n', reason: 'done', drainFor: '15m' }, true],
  [{}, false],
  [{ name: 'n', force: true }, false],
  [{ name: 'n', drainFor: 15 }, false],
])('a wish to end a node, %j, is judged alike: %s', async (request, good) => {
  const validate = await validatorOf(checkedIn('terminate-node.request.json'));
  expect([validate(request), terminateNodeRequest.safeParse(request).success]).toEqual([good, good]);
});

const ID = 'a'.repeat(32);

test.each<[unknown, boolean]>([
  [{}, true],
  [{ dryRun: true, allow: 6, ledger: { instances: {} } }, true],
  [{ allow: 0 }, false],
  [{ allow: 1.5 }, false],
  [{ dryRun: 'yes' }, false],
  [{ end: ID }, false],
])('a wish for a sweep, %j, is judged alike: %s', async (request, good) => {
  const validate = await validatorOf(checkedIn('sweep.request.json'));
  expect([validate(request), sweepRequest.safeParse(request).success]).toEqual([good, good]);
});

test.each<[unknown, boolean]>([
  [{ instanceId: ID }, true],
  [{ instanceId: ID.toUpperCase() }, false],
  [{ instanceId: 'trainer-1' }, false],
  [{ instanceId: ID, name: 'trainer-1' }, false],
  [{}, false],
])('an instance to be ended, adopted or released, %j, is judged alike: %s', async (request, good) => {
  const validate = await validatorOf(checkedIn('instance.request.json'));
  expect([validate(request), instanceRequest.safeParse(request).success]).toEqual([good, good]);
});

const TIME = '2026-10-08T00:49:14.000Z';
const NODE = {
  name: 'trainer-1',
  nodeId: '0f1e2d3c4b5a69788796a5b4c3d2e1f0',
  instanceId: '0f1e2d3c4b5a69788796a5b4c3d2e1f0',
  launchToken: '0d5e3f8a9b1c4d2e8f70',
  instanceType: 'gpu_1x_a10',
  region: 'us-east-1',
  address: '198.51.100.2',
  gpus: [{ index: 0, uuid: 'GPU-5d3c', model: 'NVIDIA A10', memoryMib: 23_028 }],
  labels: {},
  pricePerHourUsd: 1.29,
  hostKeyFingerprint: 'SHA256:abc',
  launchesUsed: 1,
  times: Object.fromEntries(
    ['requested', 'granted', 'launched', 'addressKnown', 'active', 'sshVerified', 'bootstrapped', 'ready'].map(
      (what) => [what, TIME],
    ),
  ),
};
const PROGRESS = {
  name: 'trainer-1',
  phase: 'waiting_for_capacity',
  since: TIME,
  requestedAt: TIME,
  launches: [{ token: 't', instanceType: 'gpu_1x_a10', region: 'us-east-1', sentAt: TIME }],
  capacityRefusals: 2,
  costUsd: 0.3,
};
const INSTANCE = {
  instanceId: 'i',
  status: 'active',
  instanceType: 'gpu_1x_a10',
  region: 'us-east-1',
  pricePerHourUsd: 1.29,
};
const INSTANCE_TYPE = {
  name: 'gpu_1x_a10',
  description: '1x A10',
  gpus: 1,
  pricePerHourUsd: 1.29,
  regionsWithCapacity: ['us-east-1'],
};

const JUDGEMENT = { ...INSTANCE, verdict: 'suspected', reason: 'nobody lists it', ownerlessSince: TIME };
const SWEEP = {
  at: TIME,
  dryRun: false,
  counts: { owned: 1, suspected: 1, orphan: 0, ending: 0, ended: 0, unknown: 0 },
  ended: ['i'],
  proven: [],
  unproven: 1,
  reported: [JUDGEMENT, { ...JUDGEMENT, node: 'n', launchToken: 't' }],
  owners: [{ workflowId: 'node/n', problem: 'its workflow task has failed 7 times in a row' }],
  // Not described: it is what sweeps note for each other.
  ledger: { instances: {} },
};

describe.each<[string, Record<string, unknown>, string]>([
  ['node.json', NODE, 'address'],
  ['kept-node.json', { node: NODE, request: REQUEST, launchToken: 't', ending: false }, 'node'],
  ['progress.json', PROGRESS, 'phase'],
  ['terminate-node.result.json', { name: 'n', outcome: 'node_ended', instanceId: 'i' }, 'outcome'],
  ['sweep.result.json', SWEEP, 'counts'],
  ['end-instance.result.json', { instanceId: 'i', node: 'n' }, 'node'],
  ['adopt-instance.result.json', { instanceId: 'i', node: 'n', keeper: 'node/n', tagsLeft: 'why' }, 'keeper'],
  ['release-instance.result.json', { instanceId: 'i', node: 'n' }, 'instanceId'],
  ['list-instances.result.json', { instances: [INSTANCE, { ...INSTANCE, node: 'n' }] }, 'instances'],
  ['list-instance-types.result.json', { instanceTypes: [INSTANCE_TYPE] }, 'instanceTypes'],
])('what is answered, %s', (file, answer, needed) => {
  let validate: (value: unknown) => boolean;
  beforeAll(async () => {
    validate = await validatorOf(checkedIn(file));
  });

  test('is described as it is today', () => {
    expect(validate(answer)).toBe(true);
    const less = Object.fromEntries(Object.entries(answer).filter(([field]) => field !== needed));
    expect(validate(less)).toBe(false);
  });

  test('may grow: fields that are yet to come break no validator', () => {
    expect(validate(withOneMore(answer))).toBe(true);
  });
});

test('words that are yet to come break no validator either', async () => {
  const progress = await validatorOf(checkedIn('progress.json'));
  expect(progress({ ...PROGRESS, phase: 'waiting_for_gpu_proof' })).toBe(true);
  const swept = await validatorOf(checkedIn('sweep.result.json'));
  expect(swept({ ...SWEEP, reported: [{ ...JUDGEMENT, verdict: 'contested' }] })).toBe(true);
  const type = await validatorOf(checkedIn('failure-type.json'));
  expect([...FAILURE_TYPES, 'gpu_unhealthy'].map(type)).not.toContain(false);
});

/** The same with an unknown field in it and in every object within. */
function withOneMore(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withOneMore);
  if (typeof value !== 'object' || value === null) return value;
  const inner = Object.entries(value).map(([key, field]) => [key, withOneMore(field)] as const);
  return { ...Object.fromEntries(inner), oneMore: 'new' };
}

describe('what a failure says beyond its message', () => {
  const detailsOf = (fail: () => unknown): unknown => {
    try {
      fail();
    } catch (error) {
      if (error instanceof ApplicationFailure) return { [error.type ?? '']: error.details?.[0] };
    }
    throw new Error('a failure was expected');
  };
  let validate: (value: unknown) => boolean;
  beforeAll(async () => {
    validate = await validatorOf(checkedIn('failure-details.json'));
  });

  test('is described as it is', () => {
    const invalid = detailsOf(() => parseRequest(provisionNodeRequest, { ...REQUEST, name: 5, colour: 'red' }));
    const conflict = detailsOf(() => refuseDifferent({ ...REQUEST, pool: 'a' }, REQUEST, REQUEST.name));
    expect([invalid, conflict].map(validate)).toEqual([true, true]);
    expect(invalid).toMatchObject({ invalid_request: { fields: [{ field: 'name' }, { field: 'colour' }] } });
    expect(conflict).toEqual({ name_conflict: { fields: ['pool'] } });
    expect(validate({ name_conflict: { fields: [{ field: 'pool' }] } })).toBe(false);
  });

  test.each(['refused', 'unknown'] as const)('is described as it is, of a launch that Lambda %s', (outcome) => {
    const code = 'global/invalid-parameters';
    const said = { endpoint: 'POST /instance-operations/launch', status: 400, code, requestId: 'r-1', outcome };
    const details = detailsOf(() => {
      throw fromLaunch(new LambdaInvalidRequestError('no such key', code, said)) as Error;
    });
    expect(Object.keys(details as object)).toEqual([
      outcome === 'refused' ? 'invalid_request' : 'launch_outcome_unknown',
    ]);
    expect(validate(details)).toBe(true);
  });
});
