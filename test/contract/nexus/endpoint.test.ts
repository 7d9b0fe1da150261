import { Connection, isGrpcServiceError } from '@temporalio/client';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import {
  ENDPOINT_NAME,
  EndpointTakenError,
  ensureNexusEndpoint,
  findNexusEndpoint,
  leadsTo,
} from '../../../src/nexus-endpoint.ts';

const NAME = `endpoint-${process.pid}`;
const TARGET = { name: NAME, namespace: 'default', taskQueue: 'navarch-provisioner' };

let connection: Connection;
beforeAll(async () => {
  connection = await Connection.connect({ address: inject('temporalAddress') });
});
afterAll(() => connection.close());

test('is created once, and led elsewhere when that is wished', async () => {
  expect(await findNexusEndpoint(connection, NAME)).toBeUndefined();
  expect(await ensureNexusEndpoint(connection, TARGET)).toBe('created');
  expect(await ensureNexusEndpoint(connection, TARGET)).toBe('unchanged');

  const elsewhere = { ...TARGET, taskQueue: 'navarch-provisioner-other' };
  expect(await ensureNexusEndpoint(connection, elsewhere)).toBe('updated');
  expect(await ensureNexusEndpoint(connection, elsewhere)).toBe('unchanged');
  const found = await findNexusEndpoint(connection, NAME);
  expect(found !== undefined && leadsTo(found, elsewhere) && !leadsTo(found, TARGET)).toBe(true);
});

test('an operator keeps the description that he gave it', async () => {
  const name = `${NAME}-described`;
  const description = { data: Buffer.from('"ours"'), metadata: { encoding: Buffer.from('json/plain') } };
  const target = { worker: { namespace: 'default', taskQueue: 'old' } };
  await connection.operatorService.createNexusEndpoint({ spec: { name, description, target } });
  expect(await ensureNexusEndpoint(connection, { ...TARGET, name })).toBe('updated');
  const { spec } = (await findNexusEndpoint(connection, name)) ?? {};
  expect(Buffer.from(spec?.description?.data ?? []).toString()).toBe('"ours"');
});

test('several that make it at once all succeed, and one of them has made it', async () => {
  const wanted = { ...TARGET, name: `${NAME}-contested` };
  const outcomes = await Promise.all([1, 2, 3].map(() => ensureNexusEndpoint(connection, wanted)));
  expect(outcomes.toSorted()).toEqual(['created', 'unchanged', 'unchanged']);
});

test('a namespace that does not exist is said', async () => {
  const lost = ensureNexusEndpoint(connection, { ...TARGET, name: `${NAME}-lost`, namespace: 'nowhere' });
  await expect(lost).rejects.toSatisfy(isGrpcServiceError);
  await expect(lost).rejects.toThrow('nowhere');
});

test('one that leads to another namespace is somebody else’s, and stays', async () => {
  const name = `${NAME}-taken`;
  const target = { worker: { namespace: 'temporal-system', taskQueue: 'theirs' } };
  await connection.operatorService.createNexusEndpoint({ spec: { name, target } });
  await expect(ensureNexusEndpoint(connection, { ...TARGET, name })).rejects.toThrow(EndpointTakenError);
  expect((await findNexusEndpoint(connection, name))?.spec?.target).toMatchObject(target);
});

test.each(['my_team', '1st', 'a-', 'a', '-a', `Team-${NAME}`, `x${process.pid}`])(
  'whether %s is a name the server says as we do',
  async (name) => {
    const outcome = await ensureNexusEndpoint(connection, { ...TARGET, name }).catch((error: unknown) =>
      isGrpcServiceError(error) ? (error.code as number) : error,
    );
    expect(outcome).toBe(ENDPOINT_NAME.test(name) ? 'created' : 3);
  },
);
