import { expect, test } from 'vitest';
import { failureOf } from './support/failure-of.ts';
import { answering } from './support/lambda-server.ts';
import { INSTANCE_ID, OTHER_INSTANCE_ID, wireInstance, wireInstanceType } from './support/wire-values.ts';

const region = { name: 'us-east-1', description: 'Virginia, USA' };
const instanceType = {
  name: 'gpu_1x_a10',
  description: '1x A10 (24 GB PCIe)',
  gpuDescription: 'A10 (24 GB PCIe)',
  priceCentsPerHour: 129,
  specs: { vcpus: 30, memoryGib: 200, storageGib: 1434, gpus: 1 },
};

test('an instance is read with everything Lambda tells of it', async () => {
  const { client, server } = await answering(200, {
    data: wireInstance({
      name: 'trainer',
      status: 'active',
      ip: '198.51.100.2',
      private_ip: '10.0.0.2',
      hostname: '198-51-100-2.cloud.lambda.ai',
      instance_type: { ...wireInstanceType, architecture: 'x86_64' },
      tags: [{ key: 'navarch-node', value: 'trainer' }],
      actions: {
        terminate: { available: true },
        restart: { available: false, reason_code: 'vm-is-too-old', reason_description: 'Too old.' },
      },
      first_healthy: '2026-10-08T00:00:00Z',
      a_field_of_tomorrow: { any: 'thing' },
    }),
  });
  expect(await client.getInstance(INSTANCE_ID)).toStrictEqual({
    id: INSTANCE_ID,
    name: 'trainer',
    status: 'active',
    ip: '198.51.100.2',
    privateIp: '10.0.0.2',
    hostname: '198-51-100-2.cloud.lambda.ai',
    region,
    instanceType: { ...instanceType, architecture: 'x86_64' },
    sshKeyNames: ['laptop'],
    fileSystemNames: [],
    tags: [{ key: 'navarch-node', value: 'trainer' }],
    actions: {
      terminate: { available: true },
      restart: { available: false, reasonCode: 'vm-is-too-old', reasonDescription: 'Too old.' },
    },
    firstHealthy: '2026-10-08T00:00:00Z',
  });
  expect(server.requests[0]?.path).toBe(`/api/v1/instances/${INSTANCE_ID}`);
});

test('null and missing are the same for what is optional', async () => {
  const optional = ['name', 'ip', 'private_ip', 'hostname', 'tags', 'actions', 'first_healthy'];
  const nulls = Object.fromEntries(optional.map((field) => [field, null]));
  const missing = Object.fromEntries(optional.map((field) => [field, undefined]));
  const withNulls = await answering(200, { data: wireInstance(nulls) });
  const without = await answering(200, { data: wireInstance(missing) });
  const read = await without.client.getInstance(INSTANCE_ID);
  expect(await withNulls.client.getInstance(INSTANCE_ID)).toStrictEqual(read);
  expect(read).toStrictEqual({
    id: INSTANCE_ID,
    status: 'booting',
    region,
    instanceType,
    sshKeyNames: ['laptop'],
    fileSystemNames: [],
    tags: [],
  });
});

test('a status and an action that we do not know pass through', async () => {
  const actions = { levitate: { available: true }, restart: null };
  const { client } = await answering(200, { data: wireInstance({ status: 'contactable', actions }) });
  expect(await client.getInstance(INSTANCE_ID)).toMatchObject({
    status: 'contactable',
    actions: { levitate: { available: true } },
  });
});

test.each([
  ['data.status', { status: undefined }],
  ['data.region.name', { region: { description: 'Virginia, USA' } }],
  ['data.ssh_key_names', { ssh_key_names: null }],
  ['data.instance_type.price_cents_per_hour', { instance_type: { ...wireInstanceType, price_cents_per_hour: '129' } }],
])('an instance whose %s is missing or wrong is an error that names it and the endpoint', async (field, fields) => {
  const { client } = await answering(200, { data: wireInstance(fields) });
  const error = await failureOf(client.getInstance(INSTANCE_ID));
  expect(error).toMatchObject({ type: 'unreadable_response', field, status: 200, code: undefined });
  expect(error.endpoint).toBe(`GET /instances/${INSTANCE_ID}`);
  expect(error.message).toContain(
    `GET /instances/${INSTANCE_ID} answered 200, but field ${field} is not as documented`,
  );
});

test('in a list, the field is named with its place', async () => {
  const { client } = await answering(200, { data: [wireInstance(), wireInstance({ id: undefined })] });
  expect(await failureOf(client.listInstances())).toMatchObject({ field: 'data[1].id', endpoint: 'GET /instances' });
});

test('an instance other than the one asked for is not believed', async () => {
  const { client } = await answering(200, { data: wireInstance() });
  const error = await failureOf(client.getInstance(OTHER_INSTANCE_ID));
  expect(error).toMatchObject({ type: 'unreadable_response', field: 'data.id' });
});

test.each(['', '..', 'a/b', 'a b', '?x'])('an id that would ask for something else (%j) is not sent', async (id) => {
  const { client, server } = await answering(200, { data: wireInstance() });
  const error = await failureOf(client.getInstance(id));
  expect(error).toMatchObject({ type: 'invalid_request', outcome: 'refused', fields: [{ field: 'id' }] });
  expect(server.requests).toHaveLength(0);
});

test('instance types come from a map, whose key is the name that counts; the price is on the type', async () => {
  const { client, server } = await answering(200, {
    data: {
      gpu_1x_a10: { instance_type: wireInstanceType, regions_with_capacity_available: [region] },
      gpu_1x_a10_v2: { instance_type: wireInstanceType, regions_with_capacity_available: [] },
    },
  });
  expect(await client.listInstanceTypes()).toStrictEqual([
    { instanceType, regionsWithCapacity: [region] },
    { instanceType: { ...instanceType, name: 'gpu_1x_a10_v2' }, regionsWithCapacity: [] },
  ]);
  expect(server.requests[0]?.path).toBe('/api/v1/instance-types');
});

test('a price that is looked for in the specs is not found there', async () => {
  const { price_cents_per_hour: price, ...type } = wireInstanceType;
  const inSpecs = { ...type, specs: { ...type.specs, price_cents_per_hour: price } };
  const { client } = await answering(200, {
    data: { gpu_1x_a10: { instance_type: inSpecs, regions_with_capacity_available: [] } },
  });
  expect(await failureOf(client.listInstanceTypes())).toMatchObject({
    field: 'data.gpu_1x_a10.instance_type.price_cents_per_hour',
  });
});

test('SSH keys, images and regions are read', async () => {
  const keys = await answering(200, { data: [{ id: 'k1', name: 'laptop', public_key: 'ssh-ed25519 AAAA' }] });
  expect(await keys.client.listSshKeys()).toStrictEqual([{ id: 'k1', name: 'laptop', publicKey: 'ssh-ed25519 AAAA' }]);
  expect(keys.server.requests[0]?.path).toBe('/api/v1/ssh-keys');

  const image = {
    id: '43336648-096d-4cba-9aa2-f9bb7727639d',
    name: 'Ubuntu 24.04',
    description: 'Lambda Stack on Ubuntu 24.04',
    family: 'lambda-stack-24-04',
    version: '24.4.4-2141',
    architecture: 'x86_64',
    region,
  };
  const images = await answering(200, { data: [{ ...image, created_time: '2026-09-01T00:00:00Z' }] });
  expect(await images.client.listImages()).toStrictEqual([image]);
  expect(images.server.requests[0]?.path).toBe('/api/v1/images');

  const regions = await answering(200, { data: [region] });
  expect(await regions.client.listRegions()).toStrictEqual([region]);
});
