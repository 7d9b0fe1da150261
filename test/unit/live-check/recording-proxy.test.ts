import { gzipSync } from 'node:zlib';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { LambdaClient, LambdaInvalidRequestError, LambdaUnavailableError } from '../../../src/clients/lambda/index.ts';
import { isRunning, startRecordingProxy, type RecordingProxy } from '../../../src/live-check/recording-proxy.ts';

const LAUNCH = { regionName: 'us-east-1', instanceTypeName: 'gpu_1x_a10', sshKeyNames: ['key'] };
const ACCEPTED = { data: { instance_ids: ['0'.repeat(32)] } };
const NO_CAPACITY = { error: { code: 'instance-operations/launch/insufficient-capacity' } };

/** A proxy before a server that answers each request with the next of these; none left: it breaks the connection. */
async function before(
  answers: readonly (readonly [status: number, json: unknown])[],
  launches: 'one' | 'none' = 'one',
  onLaunched?: (instanceId: string) => Promise<void>,
): Promise<{ readonly proxy: RecordingProxy; readonly lambda: LambdaClient; readonly seen: http.IncomingMessage[] }> {
  const seen: http.IncomingMessage[] = [];
  const server = http.createServer((request, response) => {
    const answer = answers[seen.push(request) - 1];
    if (answer === undefined) request.socket.destroy();
    else {
      const body = gzipSync(JSON.stringify(answer[1]));
      response.writeHead(answer[0], { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end(body);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const proxy = await startRecordingProxy(`http://127.0.0.1:${port}`, launches, onLaunched);
  onTestFinished(async () => {
    await proxy.close();
    server.close();
  });
  return { proxy, seen, lambda: new LambdaClient({ baseUrl: proxy.url, apiKey: 'secret_planted_key' }) };
}

test('what goes through is the same on both sides, and is remembered without the key', async () => {
  const { proxy, lambda, seen } = await before([[200, { data: [] }]]);
  expect(await lambda.listInstances()).toEqual([]);
  expect(seen[0]?.headers).toMatchObject({ authorization: 'Bearer secret_planted_key' });
  expect(seen[0]?.headers['user-agent']).toContain('navarch-provisioner/');
  expect(proxy.exchanges).toMatchObject([
    { method: 'GET', path: '/instances', answer: { status: 200, json: { data: [] } } },
  ]);
  expect(JSON.stringify(proxy.exchanges)).not.toContain('planted');
});

test('a launch after one that was accepted is not passed on', async () => {
  const { proxy, lambda, seen } = await before([[200, ACCEPTED]]);
  await lambda.launchInstance(LAUNCH);
  await expect(lambda.launchInstance(LAUNCH)).rejects.toMatchObject({ type: 'invalid_request', outcome: 'refused' });
  expect(seen).toHaveLength(1);
  expect(proxy.launchesHeldBack).toBe(1);
});

test('the id of what was launched is noted before anybody acts on it', async () => {
  const noted: string[] = [];
  const { lambda } = await before([[200, ACCEPTED]], 'one', async (instanceId) => {
    await setImmediate();
    noted.push(instanceId);
  });
  await lambda.launchInstance(LAUNCH);
  expect(noted).toEqual(['0'.repeat(32)]);
});

test('nor after one that got no answer, or one that proves nothing', async () => {
  const lost = await before([]);
  await expect(lost.lambda.launchInstance(LAUNCH)).rejects.toMatchObject({ outcome: 'unknown' });
  await expect(lost.lambda.launchInstance(LAUNCH)).rejects.toThrow(LambdaInvalidRequestError);
  expect(lost.seen).toHaveLength(1);

  const failed = await before([[500, { error: { code: 'global/internal-error' } }]]);
  await expect(failed.lambda.launchInstance(LAUNCH)).rejects.toThrow(LambdaUnavailableError);
  await expect(failed.lambda.launchInstance(LAUNCH)).rejects.toThrow(LambdaInvalidRequestError);
  expect(failed.seen).toHaveLength(1);
});

test('one that provably made nothing does not count', async () => {
  const { lambda, seen } = await before([
    [400, NO_CAPACITY],
    [200, ACCEPTED],
  ]);
  await expect(lambda.launchInstance(LAUNCH)).rejects.toMatchObject({ type: 'capacity_unavailable' });
  expect(await lambda.launchInstance(LAUNCH)).toEqual({ instanceId: '0'.repeat(32) });
  expect(seen).toHaveLength(2);
});

test('where only something is to be ended, none is passed on', async () => {
  const { lambda, seen } = await before([[200, ACCEPTED]], 'none');
  await expect(lambda.launchInstance(LAUNCH)).rejects.toThrow(LambdaInvalidRequestError);
  expect(seen).toEqual([]);
});

test('it tells a later live-check whether this one still runs', async () => {
  const { proxy } = await before([]);
  expect(await isRunning(proxy)).toBe(true);
  expect(await isRunning({ port: proxy.port, nonce: 'another' })).toBe(false);
  await proxy.close();
  expect(await isRunning(proxy)).toBe(false);
});
