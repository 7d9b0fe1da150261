import { expect, test } from 'vitest';
import { LambdaClient } from '../../../src/clients/lambda/index.ts';
import { apiRoot } from '../../../src/clients/lambda/base-url.ts';
import { failureOf } from './support/failure-of.ts';
import { answering, API_KEY } from './support/lambda-server.ts';

test.each([
  'https://cloud.lambda.ai',
  'https://cloud.lambda.ai/',
  'https://cloud.lambda.ai/api/v1',
  'https://cloud.lambda.ai/api/v1//',
])('the base URL %s leads to the same API', (baseUrl) => {
  expect(apiRoot(baseUrl)).toBe('https://cloud.lambda.ai/api/v1');
});

test('a base URL may lie behind a path of a proxy', () => {
  expect(apiRoot('http://127.0.0.1:8080/lambda/')).toBe('http://127.0.0.1:8080/lambda/api/v1');
});

test.each([
  '',
  'cloud.lambda.ai',
  'ftp://cloud.lambda.ai',
  'https://user:pass@cloud.lambda.ai',
  'https://a.example/?x=1',
])('a base URL that cannot be used (%j) is refused at construction, by the name of the option', (baseUrl) => {
  expect(() => new LambdaClient({ apiKey: API_KEY, baseUrl })).toThrow(/^LambdaClient: baseUrl /);
});

test.each(['', ' \n', 'two words'])('an API key that cannot be one (%j) is refused at construction', (apiKey) => {
  expect(() => new LambdaClient({ apiKey })).toThrow(/^LambdaClient: apiKey /);
});

test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31])('a timeout of %d is refused by name', (ms) => {
  expect(() => new LambdaClient({ apiKey: API_KEY, timeoutMs: ms })).toThrow(/^LambdaClient: timeoutMs /);
  expect(() => new LambdaClient({ apiKey: API_KEY, launchTimeoutMs: ms })).toThrow(/^LambdaClient: launchTimeoutMs /);
});

test('a request says who we are, proves it with the key, and asks for JSON', async () => {
  const { client, server } = await answering(200, { data: [] });
  await client.listRegions();
  expect(server.requests[0]).toMatchObject({
    method: 'GET',
    path: '/api/v1/regions',
    headers: {
      authorization: `Bearer ${API_KEY}`,
      accept: 'application/json',
      'user-agent': expect.stringMatching(/^navarch-provisioner\/\d+\.\d+\.\d+ \(.+\)$/) as string,
    },
  });
});

test('the key is read anew for each request, without the line end of the file it came from', async () => {
  const keys = ['first-key\n', 'second-key\n'];
  const apiKey = () => Promise.resolve(keys.shift() ?? '');
  const { client, server } = await answering(200, { data: [] }, { apiKey, userAgent: 'mine/1' });
  await client.listRegions();
  await client.listRegions();
  expect(server.requests.map((request) => request.headers.authorization)).toEqual([
    'Bearer first-key',
    'Bearer second-key',
  ]);
  expect(server.requests[0]?.headers['user-agent']).toBe('mine/1');
});

test('a key that cannot be read is unauthorized: nothing was sent, and the reason stands in the cause', async () => {
  const apiKey = () => Promise.reject(Object.assign(new Error('no such file: lambda-api-key'), { code: 'ENOENT' }));
  const { client, server } = await answering(200, { data: [] }, { apiKey });
  const error = await failureOf(client.listRegions());
  expect(error).toMatchObject({ type: 'unauthorized', outcome: 'refused', code: undefined });
  expect(error.message).toBe(
    'lambda API error: GET /regions was not sent: reading the API key failed (code: no-api-key)',
  );
  expect(error.cause).toMatchObject({ message: 'no such file: lambda-api-key', code: 'ENOENT' });
  expect(server.requests).toHaveLength(0);
});

test('an empty key is never sent', async () => {
  const { client, server } = await answering(200, { data: [] }, { apiKey: () => '\n' });
  const error = await failureOf(client.listRegions());
  expect(error.message).toContain('the API key read is empty');
  expect(server.requests).toHaveLength(0);
});
