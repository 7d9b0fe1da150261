import { describe, expect, test } from 'vitest';
import { parseRequest } from '../../../src/contract/parse.ts';
import { provisionNodeRequest } from '../../../src/contract/provision-node.ts';
import { complaintsAbout, failureOf } from './refusal-of.ts';

const MINIMAL = { name: 'trainer-1', instanceType: 'gpu_1x_a10' };

const FULL = {
  name: 'trainer-1',
  instanceType: ['gpu_8x_h100_sxm5', 'gpu_8x_a100'],
  region: ['us-east-1', 'us-west-1'],
  sshKeyNames: ['provisioner'],
  image: { family: 'lambda-stack-24-04' },
  fileSystemNames: ['datasets'],
  pool: 'training',
  labels: { team: 'vision', 'cost:centre': '' },
  bootstrap: { commands: ['echo {{.NodeID}} {{ .Pool }}', 'apt-get install -y jq'] },
  capacity: { waitUpTo: '48h' },
  maxPricePerHourUsd: 31.92,
  maxLaunches: 5,
  lifetime: '30d',
  deadlines: {
    address: '5m',
    ssh: '90s',
    bootstrap: '1h',
    active: '20m',
    registration: '500ms',
    whole: '3d',
  },
};

const NAME_RULE = 'must be a DNS label of at most 40 characters (lower-case letters, digits and inner hyphens)';
const DURATION_RULE = 'must be a whole number and a unit: 500ms, 90s, 15m, 48h, 30d';
const LABEL_RULE = 'key must be 2 to 55 lower-case letters, digits, hyphens or colons, beginning with a letter';
const POOL_RULE =
  'must be 1 to 63 letters, digits, dots, underscores or hyphens, the first and the last a letter or digit';
const VARIABLES_RULE =
  'is not one of {{.ControlPlane}}, {{.Pool}}, {{.NodeID}}, {{.Provider}}, {{.Region}}, {{.InstanceType}}';

describe('a good request', () => {
  test.each([
    ['of two fields', MINIMAL],
    ['of every field', FULL],
    ['with an image by id', { ...MINIMAL, image: { id: '6c1f0e2a-0000-4000-8000-000000000000' } }],
    ['that does not want to wait for capacity', { ...MINIMAL, capacity: { waitUpTo: '0s' } }],
    ['with the longest name', { ...MINIMAL, name: `a${'b'.repeat(38)}c` }],
    ['with the longest label', { ...MINIMAL, labels: { ['k'.repeat(55)]: 'v'.repeat(128) } }],
    ['with a label that every JavaScript object seems to have', { ...MINIMAL, labels: { constructor: 'x' } }],
  ])('%s is taken as it is: nothing is added, so that two requests can be compared', (_, request) => {
    expect(parseRequest(provisionNodeRequest, request)).toEqual(request);
  });
});

describe('a refusal', () => {
  test('is an invalid_request that is not tried again, in one sentence and as data', () => {
    const failure = failureOf(provisionNodeRequest, { name: 'Trainer', nodes: 3 });
    expect(failure).toMatchObject({ type: 'invalid_request', nonRetryable: true });
    expect(failure.message).toBe(`invalid request: name: ${NAME_RULE}; instanceType: is missing; nodes: unknown field`);
    expect(failure.details).toEqual([
      {
        fields: [
          { field: 'name', problem: NAME_RULE },
          { field: 'instanceType', problem: 'is missing' },
          { field: 'nodes', problem: 'unknown field' },
        ],
      },
    ]);
  });

  test('does not repeat the value, which may be anything, a pasted key too', () => {
    const secret = 'secret_key_0123456789abcdef';
    const everywhere = Object.fromEntries(Object.keys(FULL).map((field) => [field, { [field]: secret }]));
    expect(failureOf(provisionNodeRequest, everywhere).message).not.toContain(secret);
    const asText = Object.fromEntries(Object.keys(FULL).map((field) => [field, secret]));
    expect(failureOf(provisionNodeRequest, asText).message).not.toContain(secret);
  });

  test.each([
    [null, 'request: must be an object, not null'],
    ['gpu_1x_a10', 'request: must be an object, not a string'],
    [5, 'request: must be an object, not a number'],
    [[MINIMAL], 'request: must be an object, not a list'],
    [undefined, 'request: is missing'],
  ])('says what %j is, which is not a request', (input, complaint) => {
    expect(complaintsAbout(provisionNodeRequest, input)).toEqual([complaint]);
  });

  test('names every field at fault at once', () => {
    const request = { ...MINIMAL, sshKeyNames: ['a', 'b'], region: [1, 'us-east-1', 2], maxLaunches: 0, colour: 'red' };
    expect(complaintsAbout(provisionNodeRequest, request)).toEqual([
      'region.0: must be a string, not a number',
      'region.2: must be a string, not a number',
      'sshKeyNames: must name exactly one SSH key (Lambda takes one)',
      'maxLaunches: must be at least 1',
      'colour: unknown field',
    ]);
  });

  test('of an own field named __proto__ is that of any unknown field', () => {
    const request = JSON.parse('{"name":"n","instanceType":"t","__proto__":{"image":{"id":"x"}}}') as unknown;
    const parsed = provisionNodeRequest.safeParse(request);
    expect(parsed.success ? parsed.data : {}).not.toHaveProperty('image');
  });
});

test('a command that would not fit into an argument of bash is refused before it meets a machine', () => {
  const request = { ...MINIMAL, bootstrap: { commands: ['x'.repeat(32_001)] } };
  expect(complaintsAbout(provisionNodeRequest, request)).toEqual([
    'bootstrap.commands.0: must have at most 32000 characters',
  ]);
});

describe('each field, given wrongly, is named with what is wrong', () => {
  const sixty = 'a'.repeat(60);
  const long = 'x'.repeat(129);
  test.each<[Record<string, unknown>, string[]]>([
    [{ name: undefined }, ['name: is missing']],
    [{ name: null }, ['name: must be a string, not null']],
    [{ name: 7 }, ['name: must be a string, not a number']],
    [{ name: '' }, [`name: ${NAME_RULE}`]],
    [{ name: sixty }, [`name: ${NAME_RULE}`]],
    [{ name: 'a-' }, [`name: ${NAME_RULE}`]],
    [{ name: 'a_b' }, [`name: ${NAME_RULE}`]],
    [{ name: 'a\n' }, [`name: ${NAME_RULE}`]],

    [{ instanceType: undefined }, ['instanceType: is missing']],
    [{ instanceType: null }, ['instanceType: must be a string or a list of strings']],
    [{ instanceType: 8 }, ['instanceType: must be a string or a list of strings']],
    [{ instanceType: { name: 'x' } }, ['instanceType: must be a string or a list of strings']],
    [{ instanceType: '' }, ['instanceType: must not be empty']],
    [{ instanceType: long }, ['instanceType: must have at most 128 characters']],
    [{ instanceType: [] }, ['instanceType: must not be empty']],
    [{ instanceType: ['gpu', null] }, ['instanceType.1: must be a string, not null']],
    [{ instanceType: ['gpu', ''] }, ['instanceType.1: must not be empty']],
    [{ instanceType: Array<string>(21).fill('gpu') }, ['instanceType: must have at most 20 items']],

    [{ region: false }, ['region: must be a string or a list of strings']],
    [{ region: ['us-east-1', 3] }, ['region.1: must be a string, not a number']],
    [{ region: [['us-east-1']] }, ['region.0: must be a string, not a list']],

    [{ sshKeyNames: 'provisioner' }, ['sshKeyNames: must be a list, not a string']],
    [{ sshKeyNames: [] }, ['sshKeyNames: must name exactly one SSH key (Lambda takes one)']],
    [{ sshKeyNames: ['a', 'b'] }, ['sshKeyNames: must name exactly one SSH key (Lambda takes one)']],
    [{ sshKeyNames: [''] }, ['sshKeyNames.0: must not be empty']],
    [{ sshKeyNames: [1] }, ['sshKeyNames.0: must be a string, not a number']],

    [{ image: 'lambda-stack' }, ['image: must be either {"id": …} or {"family": …}']],
    [{ image: {} }, ['image: must be either {"id": …} or {"family": …}']],
    [{ image: { id: 'a', family: 'b' } }, ['image: must be either {"id": …} or {"family": …}']],
    [{ image: { id: 5 } }, ['image.id: must be a string, not a number']],
    [{ image: { family: 5 } }, ['image.family: must be a string, not a number']],
    [{ image: { family: '' } }, ['image.family: must not be empty']],
    [{ image: { family: 'x', version: '1' } }, ['image.version: unknown field']],
    [{ image: { id: 'x', version: '1' } }, ['image.version: unknown field']],

    [{ fileSystemNames: 'datasets' }, ['fileSystemNames: must be a list, not a string']],
    [{ fileSystemNames: ['a', {}] }, ['fileSystemNames.1: must be a string, not an object']],
    [{ fileSystemNames: Array<string>(25).fill('a') }, ['fileSystemNames: must have at most 24 items']],

    [{ pool: '' }, [`pool: ${POOL_RULE}`]],
    [{ pool: '-training' }, [`pool: ${POOL_RULE}`]],
    [{ pool: 'a b' }, [`pool: ${POOL_RULE}`]],
    [{ pool: 1 }, ['pool: must be a string, not a number']],

    [{ labels: ['team'] }, ['labels: must be an object, not a list']],
    [{ labels: { team: 1 } }, ['labels.team: must be a string, not a number']],
    [{ labels: { team: null } }, ['labels.team: must be a string, not null']],
    [{ labels: { team: long } }, ['labels.team: must have at most 128 characters']],
    [{ labels: { Team: 'x' } }, [`labels.Team: ${LABEL_RULE}`]],
    [{ labels: { t: 'x' } }, [`labels.t: ${LABEL_RULE}`]],
    [{ labels: { ['k'.repeat(56)]: 'x' } }, [`labels.${'k'.repeat(56)}: ${LABEL_RULE}`]],
    [{ labels: { 'navarch-node': 'x' } }, ['labels.navarch-node: key must not begin with navarch- or lambda-ai-']],
    [{ labels: { 'lambda-ai-x': 'x' } }, ['labels.lambda-ai-x: key must not begin with navarch- or lambda-ai-']],

    [{ bootstrap: ['echo'] }, ['bootstrap: must be an object, not a list']],
    [{ bootstrap: {} }, ['bootstrap.commands: is missing']],
    [{ bootstrap: { commands: [] } }, ['bootstrap.commands: must not be empty']],
    [{ bootstrap: { commands: 'echo' } }, ['bootstrap.commands: must be a list, not a string']],
    [{ bootstrap: { commands: ['ok', ''] } }, ['bootstrap.commands.1: must not be empty']],
    [{ bootstrap: { commands: '' } }, ['bootstrap.commands: must be a list, not a string']],
    [{ bootstrap: { commands: [7] } }, ['bootstrap.commands.0: must be a command or {"run": command, …}']],
    [{ bootstrap: { commands: ['echo'], user: 'root' } }, ['bootstrap.user: unknown field']],
    [{ bootstrap: { commands: ['ok', 'echo {{.Zone}}'] } }, [`bootstrap.commands.1: {{.Zone}} ${VARIABLES_RULE}`]],
    [
      { bootstrap: { commands: ['echo {{.NodeId}} {{NodeID}}'] } },
      [`bootstrap.commands.0: {{.NodeId}} ${VARIABLES_RULE}`, `bootstrap.commands.0: {{NodeID}} ${VARIABLES_RULE}`],
    ],

    [{ capacity: '48h' }, ['capacity: must be an object, not a string']],
    [{ capacity: { waitUpTo: 48 } }, ['capacity.waitUpTo: must be a string, not a number']],
    [{ capacity: { waitUpTo: '2 days' } }, [`capacity.waitUpTo: ${DURATION_RULE}`]],
    [{ capacity: { waitUpTo: '999999999d' } }, ['capacity.waitUpTo: must be at most 3650d']],
    [{ capacity: { waitupto: '48h' } }, ['capacity.waitupto: unknown field']],

    [{ maxPricePerHourUsd: '4.29' }, ['maxPricePerHourUsd: must be a number, not a string']],
    [{ maxPricePerHourUsd: 0 }, ['maxPricePerHourUsd: must be more than 0']],
    [{ maxPricePerHourUsd: 10_001 }, ['maxPricePerHourUsd: must be at most 10000']],
    [{ maxPricePerHourUsd: NaN }, ['maxPricePerHourUsd: must be a number']],

    [{ maxLaunches: 1.5 }, ['maxLaunches: must be a whole number']],
    [{ maxLaunches: '3' }, ['maxLaunches: must be a number, not a string']],
    [{ maxLaunches: 21 }, ['maxLaunches: must be at most 20']],

    [{ lifetime: 'for ever' }, [`lifetime: ${DURATION_RULE}`]],
    [{ lifetime: '0s' }, ['lifetime: must be longer than 0s']],
    [{ lifetime: '-1h' }, [`lifetime: ${DURATION_RULE}`]],
    [{ lifetime: '1.5h' }, [`lifetime: ${DURATION_RULE}`]],
    [{ lifetime: '1h\n' }, [`lifetime: ${DURATION_RULE}`]],

    [{ deadlines: { ssh: 90 } }, ['deadlines.ssh: must be a string, not a number']],
    [{ deadlines: { ssh: '0m' } }, ['deadlines.ssh: must be longer than 0s']],
    [{ deadlines: { boot: '5m' } }, ['deadlines.boot: unknown field']],
    [{ deadlines: { whole: '3651d' } }, ['deadlines.whole: must be at most 3650d']],
    [{ deadlines: null }, ['deadlines: must be an object, not null']],
  ])('%j', (wrong, complaints) => {
    expect(complaintsAbout(provisionNodeRequest, { ...MINIMAL, ...wrong })).toEqual(complaints);
  });
});
