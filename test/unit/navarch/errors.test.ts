import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { Code, ConnectError } from '@connectrpc/connect';
import { expect, onTestFinished, test, vi } from 'vitest';
import { NavarchClient, NavarchError } from '../../../src/clients/navarch/index.ts';
import type { NavarchClientOptions } from '../../../src/clients/navarch/index.ts';
import { startControlPlane, startHttpServer } from './control-plane.ts';

const token = 'nav-0123456789abcdef';

function client(baseUrl: string, options: Partial<NavarchClientOptions> = {}): NavarchClient {
  const made = new NavarchClient({ baseUrl, ...options });
  onTestFinished(() => made.close());
  return made;
}

/** What the call rejects with: a NavarchError that shows the token nowhere. */
async function errorOf(call: Promise<unknown>): Promise<NavarchError> {
  const error = await call.then(
    () => expect.unreachable('the call did not fail'),
    (thrown: unknown) => thrown,
  );
  expect.assert(error instanceof NavarchError, inspect(error));
  expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(token);
  return error;
}

test('a node that Navarch does not know is undefined', async () => {
  const { baseUrl } = await startControlPlane({
    getNode: ({ nodeId }) => {
      throw new ConnectError(`node not found: ${nodeId}`, Code.NotFound);
    },
  });
  expect(await client(baseUrl).getNode('abc')).toBeUndefined();
});

test('a 404 that is not from Navarch does not mean that the node is unknown', async () => {
  const { baseUrl } = await startHttpServer((_request, response) => {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('404 page not found');
  });
  const error = await errorOf(client(baseUrl).getNode('abc'));
  expect(error).toMatchObject({ kind: 'unexpected' });
  expect(error.message).toMatch(/has no GetNode .*base URL/);
});

test.each([
  [Code.NotFound, 'not_found'],
  [Code.InvalidArgument, 'invalid'],
  [Code.FailedPrecondition, 'conflict'],
  [Code.AlreadyExists, 'conflict'],
  [Code.Unavailable, 'unavailable'],
  [Code.ResourceExhausted, 'unavailable'],
  [Code.PermissionDenied, 'unauthorized'],
  [Code.Unauthenticated, 'unauthorized'],
  [Code.Internal, 'unexpected'],
  [Code.Unknown, 'unexpected'],
])("Navarch's code %i is the kind %s", async (code, kind) => {
  const { baseUrl } = await startControlPlane({
    issueCommand: () => {
      throw new ConnectError('node is not cordoned', code);
    },
  });
  const error = await errorOf(client(baseUrl).issueCommand({ nodeId: 'abc', command: 'uncordon' }));
  expect(error).toMatchObject({ kind });
  expect(error.message).toContain(baseUrl);
  if (kind !== 'unauthorized') expect(error.message).toContain('IssueCommand: node is not cordoned (code: ');
});

test('a wrong token is unauthorized, and the message names the setting, not the token', async () => {
  const { baseUrl } = await startControlPlane({}, { token: 'another' });
  const error = await errorOf(client(baseUrl, { authToken: token }).listNodes());
  expect(error).toMatchObject({ kind: 'unauthorized' });
  expect(error.message).toMatch(/does not accept the auth token: look at authToken \(NAVARCH_AUTH_TOKEN\)/);
});

test('a missing token is told apart from a wrong one', async () => {
  const { baseUrl } = await startControlPlane({}, { token });
  const error = await errorOf(client(baseUrl).getNode('abc'));
  expect(error).toMatchObject({ kind: 'unauthorized' });
  expect(error.message).toContain('none is set');
});

test('a token that no header can carry is refused before it is sent, and not shown', async () => {
  const { baseUrl, headers } = await startControlPlane({});
  const error = await errorOf(client(baseUrl, { authToken: `${token}\n${token}` }).listNodes());
  expect(error).toMatchObject({ kind: 'unauthorized' });
  expect(headers).toEqual([]);
});

test('an answer that quotes the token is not passed on', async () => {
  const { baseUrl } = await startControlPlane({
    listNodes: (_request, context) => {
      throw new ConnectError(`cannot digest ${context.requestHeader.get('authorization') ?? ''}`, Code.Internal);
    },
  });
  const error = await errorOf(client(baseUrl, { authToken: token }).listNodes());
  expect(error).toMatchObject({ kind: 'unexpected', code: 'internal' });
});

test('what reading the token throws is thrown as it is', async () => {
  const { baseUrl } = await startControlPlane({});
  const failure = new Error('no such file');
  const navarch = client(baseUrl, { authToken: () => Promise.reject(failure) });
  await expect(navarch.listNodes()).rejects.toBe(failure);
});

test.each(['1.1', '2'] as const)(
  'over HTTP/%s a port that nobody listens on is unavailable, with the base URL named',
  async (httpVersion) => {
    const free = createServer().listen(0, '127.0.0.1');
    await once(free, 'listening');
    const baseUrl = `http://127.0.0.1:${(free.address() as AddressInfo).port}`;
    free.close();
    await once(free, 'close');
    const error = await errorOf(client(baseUrl, { httpVersion, authToken: token }).listNodes());
    expect(error).toMatchObject({ kind: 'unavailable' });
    expect(error.message).toBe(`Navarch at ${baseUrl} cannot be reached (ECONNREFUSED)`);
  },
);

test('a name that does not exist is unavailable', async () => {
  const error = await errorOf(client('http://no-such-host.invalid:50051').listNodes());
  expect(error).toMatchObject({ kind: 'unavailable' });
});

test('a connection that breaks before the answer is unavailable', async () => {
  const { baseUrl } = await startHttpServer((request) => request.socket.resetAndDestroy());
  expect(await errorOf(client(baseUrl).listNodes())).toMatchObject({ kind: 'unavailable' });
});

test('something that does not speak HTTP is unavailable', async () => {
  const server = createServer((socket) => socket.on('error', () => undefined).end('SSH-2.0-OpenSSH\r\n'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const error = await errorOf(client(`http://127.0.0.1:${port}`).listNodes());
  expect(error).toMatchObject({ kind: 'unavailable' });
});

test.each([502, 503, 504])("a proxy's %i is unavailable", async (status) => {
  const { baseUrl } = await startHttpServer((_request, response) => {
    response.writeHead(status, { 'content-type': 'text/html' }).end('<html>');
  });
  expect(await errorOf(client(baseUrl).listNodes())).toMatchObject({ kind: 'unavailable' });
});

test.each([
  [200, 'text/html', '<html>hello</html>'],
  [302, 'text/plain', 'elsewhere'],
  [200, 'application/proto', 'not a message'],
  [500, 'text/plain', 'oops'],
])('an answer that is none of Navarch is unexpected (%i %s)', async (status, type, body) => {
  const { baseUrl } = await startHttpServer((_request, response) => {
    response.writeHead(status, { 'content-type': type, location: '/elsewhere' }).end(body);
  });
  expect(await errorOf(client(baseUrl).listNodes())).toMatchObject({ kind: 'unexpected' });
});

test('an answer without the node is unexpected, and names the field', async () => {
  const { baseUrl } = await startControlPlane({ getNode: () => ({}) });
  const error = await errorOf(client(baseUrl).getNode('abc'));
  expect(error).toMatchObject({ kind: 'unexpected', message: expect.stringContaining('field node') as string });
});

test('no answer within the time limit is unavailable', async () => {
  const { baseUrl, sockets } = await startHttpServer(() => undefined);
  const error = await errorOf(client(baseUrl, { timeoutMs: 100 }).getNode('abc'));
  expect(error).toMatchObject({ kind: 'unavailable' });
  expect(error.message).toContain('did not answer GetNode within 100 ms');
  await vi.waitFor(() => expect(sockets.size).toBe(0));
});

test('an abort ends the call at once, with its reason', async () => {
  const { baseUrl, sockets } = await startHttpServer(() => undefined);
  const controller = new AbortController();
  const calling = client(baseUrl).listNodes({}, { signal: controller.signal });
  await vi.waitFor(() => expect(sockets.size).toBe(1));
  const reason = new Error('no longer wanted');
  controller.abort(reason);
  await expect(calling).rejects.toBe(reason);
  await vi.waitFor(() => expect(sockets.size).toBe(0));
});

test('an abort that came before sends nothing', async () => {
  const { baseUrl, headers } = await startControlPlane({});
  const aborted = { signal: AbortSignal.abort(new Error('too late')) };
  await expect(client(baseUrl).listNodes({}, aborted)).rejects.toThrow('too late');
  expect(headers).toEqual([]);
});

test.each(['', 'navarch:50051', 'ftp://navarch', `http://user:${token}@navarch`, 'http://navarch/?a=b'])(
  'the base URL %j is refused, and not repeated',
  (baseUrl) => {
    const make = (): NavarchClient => new NavarchClient({ baseUrl });
    expect(make).toThrow(/^baseUrl: must/);
    expect(make).not.toThrow(token);
  },
);
