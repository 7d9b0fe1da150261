import net from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import tls from 'node:tls';
import sshpk from 'sshpk';
import { expect, onTestFinished, test } from 'vitest';
import type { LambdaClient } from '../../../src/clients/lambda/index.ts';
import { failureOf, reasonOf } from './support/failure-of.ts';
import { answering, clientOf, startLambdaServer } from './support/lambda-server.ts';
import { INSTANCE_ID, LAUNCH } from './support/wire-values.ts';

const launch = (client: LambdaClient) => client.launchInstance(LAUNCH);

async function listening(server: Server): Promise<number> {
  const sockets = new Set<net.Socket>();
  server.on('connection', (socket: net.Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

test.each([301, 302, 303, 307, 308])('a %d on a POST is not followed: no second request is made', async (status) => {
  const elsewhere = await startLambdaServer((response) => response.end('{}'));
  const location = `${elsewhere.url}/api/v1/instance-operations/launch`;
  const { client, server } = await answering(status, {}, {}, { location });
  const error = await failureOf(launch(client));
  expect(error).toMatchObject({ type: 'unreadable_response', outcome: 'unknown', status });
  expect(error.message).toContain(`redirect to ${location}, which is never followed: check baseUrl`);
  expect(server.requests).toHaveLength(1);
  expect(elsewhere.requests).toHaveLength(0);
});

test('a redirect on a read is not followed either', async () => {
  const { client, server } = await answering(302, {}, {}, { location: '/api/v1/regions' });
  expect(await failureOf(client.listInstances())).toMatchObject({ type: 'unreadable_response', status: 302 });
  expect(server.requests).toHaveLength(1);
});

test('a server that hangs ends a launch by its own timeout, and the outcome is unknown', async () => {
  const server = await startLambdaServer(() => undefined);
  const error = await failureOf(launch(clientOf(server, { launchTimeoutMs: 100 })));
  expect(error).toMatchObject({ type: 'provider_unavailable', outcome: 'unknown', status: undefined, code: undefined });
  expect(error.message).toBe(
    'lambda API error: POST /instance-operations/launch got no complete answer within 100 ms (code: timeout)',
  );
  expect(server.requests).toHaveLength(1);
});

test('the timeout of a launch is not the timeout of the rest', async () => {
  const server = await startLambdaServer(() => undefined);
  const error = await failureOf(clientOf(server, { timeoutMs: 100 }).getInstance(INSTANCE_ID));
  expect(error.message).toContain('within 100 ms');
});

test('a server that hangs in the middle of its answer ends by timeout too', async () => {
  const server = await startLambdaServer((response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' }).write('{"data":');
  });
  const error = await failureOf(launch(clientOf(server, { launchTimeoutMs: 100 })));
  expect(error).toMatchObject({ type: 'provider_unavailable', outcome: 'unknown' });
});

test.each(['content-length', 'chunked'])(
  'a connection that ends in the middle of an answer (%s) proves nothing',
  async (way) => {
    const server = await startLambdaServer((response) => {
      response.writeHead(200, way === 'chunked' ? {} : { 'content-length': '1000' });
      response.write('{"data":', () => response.socket?.destroy());
    });
    const error = await failureOf(launch(clientOf(server)));
    expect(error).toMatchObject({ type: 'provider_unavailable', outcome: 'unknown', code: undefined });
    expect(error.message).toContain('lost its connection to http://127.0.0.1:');
    expect(server.requests).toHaveLength(1);
  },
);

test('a connection reset before any answer proves nothing: the request was sent', async () => {
  const server = await startLambdaServer((response) => response.socket?.resetAndDestroy());
  const error = await failureOf(launch(clientOf(server)));
  expect(error).toMatchObject({ type: 'provider_unavailable', outcome: 'unknown' });
  expect(error.message).toMatch(/\(code: ECONNRESET\)$/);
  expect(server.requests).toHaveLength(1);
});

test('an answer that is not HTTP proves nothing', async () => {
  const port = await listening(
    net.createServer((socket) => socket.on('error', () => undefined).end('SSH-2.0-OpenSSH\r\n')),
  );
  const error = await failureOf(launch(clientOf({ url: `http://127.0.0.1:${port}` })));
  expect(error).toMatchObject({ type: 'provider_unavailable', outcome: 'unknown' });
});

test('an answer whose compression is broken proves nothing', async () => {
  const { client } = await answering(200, { data: [] }, {}, { 'content-encoding': 'gzip' });
  expect(await failureOf(launch(client))).toMatchObject({ outcome: 'unknown' });
});

test('a refused connection proves that nothing was sent', async () => {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const error = await failureOf(launch(clientOf({ url: `http://127.0.0.1:${port}` })));
  expect(error).toMatchObject({ type: 'provider_unavailable', outcome: 'refused', code: undefined });
  expect(error.message).toBe(
    `lambda API error: POST /instance-operations/launch was not sent: there is no connection to http://127.0.0.1:${port} (code: ECONNREFUSED)`,
  );
});

test('a host whose name cannot be found proves that nothing was sent', async () => {
  // A label of 64 characters cannot be a name, so nobody has to be asked.
  const error = await failureOf(launch(clientOf({ url: `http://${'a'.repeat(64)}.invalid` })));
  expect(error).toMatchObject({ type: 'provider_unavailable', outcome: 'refused' });
  expect(error.message).toMatch(/\(code: (ENOTFOUND|EAI_AGAIN)\)$/);
});

test('a certificate that is not trusted proves that nothing was sent, and nothing was', async () => {
  const key = sshpk.generatePrivateKey('ecdsa');
  const certificate = sshpk.createSelfSignedCertificate(sshpk.identityForHost('localhost'), key);
  const received: string[] = [];
  const server = tls.createServer({ key: key.toString('pkcs8'), cert: certificate.toString('pem') }, (socket) =>
    socket.on('error', () => undefined).on('data', (chunk: Buffer) => received.push(chunk.toString('latin1'))),
  );
  const port = await listening(server);
  const error = await failureOf(launch(clientOf({ url: `https://127.0.0.1:${port}` })));
  expect(error).toMatchObject({ type: 'provider_unavailable', outcome: 'refused' });
  expect(error.message).toMatch(/\(code: DEPTH_ZERO_SELF_SIGNED_CERT\)$/);
  expect(received).toEqual([]);
});

test('TLS spoken to a server without it proves that nothing was sent', async () => {
  const server = await startLambdaServer((response) => response.end());
  const error = await failureOf(launch(clientOf({ url: server.url.replace('http:', 'https:') })));
  expect(error).toMatchObject({ type: 'provider_unavailable', outcome: 'refused' });
  expect(server.requests).toHaveLength(0);
});

test('a connection lost during the TLS handshake is doubtful, so unknown', async () => {
  const port = await listening(
    net.createServer((socket) => socket.on('error', () => undefined).once('data', () => socket.destroy())),
  );
  const error = await failureOf(launch(clientOf({ url: `https://127.0.0.1:${port}` })));
  expect(error).toMatchObject({ type: 'provider_unavailable', outcome: 'unknown' });
});

test('no connection is used twice, so none can be stale when a launch needs it', async () => {
  const ports = new Set<number | undefined>();
  const server = await startLambdaServer((response) => {
    ports.add(response.socket?.remotePort);
    response.end('{"data":[]}');
  });
  const client = clientOf(server);
  await client.listRegions();
  await client.listRegions();
  expect(ports.size).toBe(2);
});

test('a signal that fires before anything is sent ends the call with its reason', async () => {
  const { client, server } = await answering(200, { data: [] });
  const reason = new Error('the worker stops');
  expect(await reasonOf(client.launchInstance(LAUNCH, { signal: AbortSignal.abort(reason) }))).toBe(reason);
  expect(server.requests).toHaveLength(0);
});

test('a signal that fires during a read ends it with its reason', async () => {
  const controller = new AbortController();
  const reason = new Error('cancelled');
  const server = await startLambdaServer(() => controller.abort(reason));
  expect(await reasonOf(clientOf(server).listInstances({ signal: controller.signal }))).toBe(reason);
});

test('a signal that fires while a launch is on its way leaves its outcome unknown', async () => {
  const controller = new AbortController();
  const server = await startLambdaServer(() => controller.abort(new Error('cancelled')));
  const error = await failureOf(clientOf(server).launchInstance(LAUNCH, { signal: controller.signal }));
  expect(error).toMatchObject({ type: 'provider_unavailable', outcome: 'unknown' });
  expect(error.message).toMatch(/was abandoned on its way \(code: aborted\)$/);
  expect(error.cause).toMatchObject({ message: 'cancelled' });
});
