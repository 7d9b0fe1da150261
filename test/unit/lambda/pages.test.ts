import { expect, test } from 'vitest';
import { failureOf } from './support/failure-of.ts';
import { clientOf, sendJson, startLambdaServer } from './support/lambda-server.ts';
import { wireInstance } from './support/wire-values.ts';

const tokenOf = (path: string) => new URL(path, 'http://127.0.0.1').searchParams.get('page_token');

test('pages are followed to the end, though none were asked for', async () => {
  const pages: Record<string, object> = {
    '': { data: [wireInstance({ id: 'a' }), wireInstance({ id: 'b' })], page_token: 'to/2 &' },
    'to/2 &': { data: [wireInstance({ id: 'b', status: 'active' })], page_token: 'to3' },
    to3: { data: [wireInstance({ id: 'c' })], page_token: null },
  };
  const server = await startLambdaServer((response, { path }) => sendJson(response, 200, pages[tokenOf(path) ?? '']));
  const paced: string[] = [];
  const client = clientOf(server, { beforeRequest: (kind) => Promise.resolve(void paced.push(kind)) });
  const instances = await client.listInstances();
  expect(instances.map(({ id, status }) => `${id} ${status}`)).toEqual(['a booting', 'b active', 'c booting']);
  expect(server.requests.map(({ path }) => path)[0]).toBe('/api/v1/instances');
  expect(paced, 'each page is a request of its own to the pacer').toEqual(Array(3).fill('listInstances'));
});

test('an empty page_token ends the list too', async () => {
  const server = await startLambdaServer((response) => sendJson(response, 200, { data: [], page_token: '' }));
  expect(await clientOf(server).listInstances()).toEqual([]);
  expect(server.requests).toHaveLength(1);
});

test('a token that comes twice is an error, not an endless list and not a part of one', async () => {
  const server = await startLambdaServer((response, { path }) =>
    sendJson(response, 200, { data: [], page_token: tokenOf(path) === 'a' ? 'b' : 'a' }),
  );
  const error = await failureOf(clientOf(server).listInstances());
  expect(error).toMatchObject({ type: 'unreadable_response', field: 'page_token', endpoint: 'GET /instances' });
  expect(server.requests).toHaveLength(3);
});

test('a list without end is given up', async () => {
  let page = 0;
  const server = await startLambdaServer((response) => {
    page += 1;
    sendJson(response, 200, { data: [], page_token: `page ${page}` });
  });
  const error = await failureOf(clientOf(server).listInstances());
  expect(error.message).toContain('there is no end after 200 pages');
  expect(server.requests).toHaveLength(200);
});

test('a failure on a later page fails the list', async () => {
  const server = await startLambdaServer((response, { path }) =>
    tokenOf(path) === null
      ? sendJson(response, 200, { data: [wireInstance()], page_token: 'next' })
      : sendJson(response, 429, ''),
  );
  expect(await failureOf(clientOf(server).listInstances())).toMatchObject({ type: 'rate_limited' });
});
