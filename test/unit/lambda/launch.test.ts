import { expect, test } from 'vitest';
import { LambdaInvalidRequestError } from '../../../src/clients/lambda/index.ts';
import type { LaunchRequest } from '../../../src/clients/lambda/index.ts';
import { failureOf } from './support/failure-of.ts';
import { answering } from './support/lambda-server.ts';
import { INSTANCE_ID, LAUNCH, OTHER_INSTANCE_ID } from './support/wire-values.ts';

const accepted = { data: { instance_ids: [INSTANCE_ID] } };

test('a launch is one POST that says exactly what was asked', async () => {
  const { client, server } = await answering(200, accepted);
  const launched = await client.launchInstance({
    ...LAUNCH,
    name: 'trainer-abc',
    hostname: 'trainer',
    image: { family: 'lambda-stack-24-04' },
    userData: '#cloud-config\n',
    fileSystemNames: ['data'],
    tags: [{ key: 'navarch-node', value: 'trainer' }],
  });
  expect(launched).toEqual({ instanceId: INSTANCE_ID });
  expect(server.requests).toHaveLength(1);
  expect(server.requests[0]).toMatchObject({ method: 'POST', path: '/api/v1/instance-operations/launch' });
  expect(server.requests[0]?.headers['content-type']).toBe('application/json');
  expect(JSON.parse(server.requests[0]?.body ?? '')).toEqual({
    region_name: 'us-east-1',
    instance_type_name: 'gpu_1x_a10',
    ssh_key_names: ['laptop'],
    name: 'trainer-abc',
    hostname: 'trainer',
    image: { family: 'lambda-stack-24-04' },
    user_data: '#cloud-config\n',
    file_system_names: ['data'],
    tags: [{ key: 'navarch-node', value: 'trainer' }],
  });
});

test('what was not asked for is not sent, not even as null', async () => {
  const { client, server } = await answering(200, accepted);
  await client.launchInstance({ ...LAUNCH, name: undefined });
  expect(server.requests[0]?.body).toBe(
    '{"region_name":"us-east-1","instance_type_name":"gpu_1x_a10","ssh_key_names":["laptop"]}',
  );
});

test('all that Lambda allows at most is allowed', async () => {
  const { client, server } = await answering(200, accepted);
  await client.launchInstance({
    ...LAUNCH,
    name: '🚢'.repeat(64),
    hostname: `0${'a'.repeat(62)}`,
    image: { id: '43336648-096d-4cba-9aa2-f9bb7727639d' },
    userData: 'x'.repeat(1_000_000),
    tags: [{ key: `a${'-'.repeat(54)}`, value: 'v'.repeat(128) }],
  });
  expect(server.requests).toHaveLength(1);
});

test.each<[string, Partial<Record<keyof LaunchRequest | 'quantity', unknown>>]>([
  ['regionName', { regionName: '' }],
  ['instanceTypeName', { instanceTypeName: undefined }],
  ['sshKeyNames', { sshKeyNames: [] }],
  ['sshKeyNames', { sshKeyNames: ['one', 'two'] }],
  ['sshKeyNames[0]', { sshKeyNames: [''] }],
  ['name', { name: 'x'.repeat(65) }],
  ['hostname', { hostname: '' }],
  ['hostname', { hostname: '-trainer' }],
  ['hostname', { hostname: 'Trainer' }],
  ['hostname', { hostname: 'x'.repeat(64) }],
  ['image', { image: {} }],
  ['image', { image: { id: 'a', family: 'b' } }],
  ['userData', { userData: 'é'.repeat(500_001) }],
  ['fileSystemNames[0]', { fileSystemNames: [''] }],
  ['tags[0].key', { tags: [{ key: 'a', value: 'v' }] }],
  ['tags[0].key', { tags: [{ key: 'Node', value: 'v' }] }],
  [
    'tags[1].key',
    {
      tags: [
        { key: 'ok', value: 'v' },
        { key: 'lambda-ai-x', value: 'v' },
      ],
    },
  ],
  ['tags[0].key', { tags: [{ key: `a${'b'.repeat(55)}`, value: 'v' }] }],
  ['tags[0].value', { tags: [{ key: 'node', value: 'v'.repeat(129) }] }],
  ['quantity', { quantity: 2 }],
])('a launch that breaks the rule of %s (%#) is refused by name, and not sent', async (field, wrong) => {
  const { client, server } = await answering(200, accepted);
  const request = { ...LAUNCH, ...wrong } as LaunchRequest;
  const error = await invalid(client.launchInstance(request));
  expect(error).toMatchObject({ type: 'invalid_request', outcome: 'refused', code: undefined, status: undefined });
  expect(error.fields.map((invalidField) => invalidField.field)).toEqual([field]);
  expect(error.message).toContain(`POST /instance-operations/launch was not sent: ${field} `);
  expect(server.requests).toHaveLength(0);
});

test('all that is wrong is named at once, and no value is repeated', async () => {
  const { client } = await answering(200, accepted);
  const userData = 'ssh_host_key '.repeat(100_000);
  const wrong = { ...LAUNCH, sshKeyNames: [], name: 'n'.repeat(99), userData };
  const error = await invalid(client.launchInstance(wrong));
  expect(error.fields.map(({ field }) => field)).toEqual(['sshKeyNames', 'name', 'userData']);
  expect(error.message).not.toMatch(/ssh_host_key|nnnn/);
});

test.each([
  ['no body', ''],
  ['no ids', { data: { instance_ids: [] } }],
  ['an empty id', { data: { instance_ids: [''] } }],
  ['two ids', { data: { instance_ids: [INSTANCE_ID, OTHER_INSTANCE_ID] } }],
  ['no data', {}],
  ['an error envelope', { error: { code: 'global/quota-exceeded', message: 'Quota exceeded.' } }],
])('a launch answered 200 with %s may have happened', async (_what, body) => {
  const { client, server } = await answering(200, body);
  expect(await failureOf(client.launchInstance(LAUNCH))).toMatchObject({
    type: 'unreadable_response',
    outcome: 'unknown',
    status: 200,
  });
  expect(server.requests).toHaveLength(1);
});

async function invalid(call: Promise<unknown>): Promise<LambdaInvalidRequestError> {
  const error = await failureOf(call);
  if (error instanceof LambdaInvalidRequestError) return error;
  throw error;
}
