import { Connection, isGrpcServiceError } from '@temporalio/client';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { ensureNexusEndpoint, findNexusEndpoint, leadsTo } from '../../../src/nexus-endpoint.ts';

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
