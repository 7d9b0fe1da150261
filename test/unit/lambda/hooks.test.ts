import { expect, onTestFinished, test } from 'vitest';
import type { LambdaExchange } from '../../../src/clients/lambda/index.ts';
import { failureOf, reasonOf } from './support/failure-of.ts';
import { answering, clientOf, startLambdaServer } from './support/lambda-server.ts';
import { INSTANCE_ID, LAUNCH, wireError } from './support/wire-values.ts';

test('a request waits for its turn, and knows what it is and what ends it', async () => {
  const { promise: turn, resolve: giveTurn } = withResolvers();
  const asked: unknown[] = [];
  const { signal } = new AbortController();
  const { client, server } = await answering(
    200,
    { data: { instance_ids: [INSTANCE_ID] } },
    {
      beforeRequest: (kind, given) => {
        asked.push([kind, given === signal]);
        return turn;
      },
    },
  );
  const launch = client.launchInstance(LAUNCH, { signal });
  expect(server.requests).toHaveLength(0);
  giveTurn();
  await launch;
  expect(asked).toEqual([['launchInstance', true]]);
  expect(server.requests).toHaveLength(1);
});

test('a turn that is refused goes to the caller as it is, and nothing is sent', async () => {
  const refusal = new Error('not before noon');
  const { client, server } = await answering(200, {}, { beforeRequest: () => Promise.reject(refusal) });
  expect(await reasonOf(client.launchInstance(LAUNCH))).toBe(refusal);
  expect(server.requests).toHaveLength(0);
});

test('a signal that fires while a launch waits for its turn keeps it from being sent', async () => {
  const controller = new AbortController();
  const beforeRequest = () => {
    controller.abort(new Error('too late'));
    return Promise.resolve();
  };
  const { client, server } = await answering(200, {}, { beforeRequest });
  await reasonOf(client.launchInstance(LAUNCH, { signal: controller.signal }));
  expect(server.requests).toHaveLength(0);
});

test('each exchange is told once: what it was, how it ended, how long it took', async () => {
  const told: LambdaExchange[] = [];
  const afterResponse = (exchange: LambdaExchange) => void told.push(exchange);
  const durationMs = expect.any(Number) as number;
  const serverTimeMs = expect.any(Number) as number;

  const good = await answering(200, { data: [] }, { afterResponse });
  await good.client.listImages();
  const limited = await answering(429, wireError('x'), { afterResponse }, { 'retry-after': '2' });
  await failureOf(limited.client.launchInstance(LAUNCH));
  const unreadable = await answering(200, {}, { afterResponse });
  await failureOf(unreadable.client.listRegions());
  const hanging = await startLambdaServer(() => undefined);
  await failureOf(clientOf(hanging, { afterResponse, timeoutMs: 50 }).terminateInstance(INSTANCE_ID));
  const controller = new AbortController();
  const aborting = await startLambdaServer(() => controller.abort());
  await reasonOf(clientOf(aborting, { afterResponse }).listSshKeys({ signal: controller.signal }));

  expect(told).toStrictEqual([
    { kind: 'listImages', status: 200, durationMs, serverTimeMs },
    { kind: 'launchInstance', status: 429, durationMs, errorType: 'rate_limited', retryAfterMs: 2000, serverTimeMs },
    { kind: 'listRegions', status: 200, durationMs, errorType: 'unreadable_response', serverTimeMs },
    { kind: 'terminateInstance', durationMs, errorType: 'provider_unavailable' },
    { kind: 'listSshKeys', durationMs, errorType: 'aborted' },
  ]);
});

test('a single call can be watched: its answer tells the time, also one that refuses the key', async () => {
  const told: LambdaExchange[] = [];
  const date = 'Sat, 02 Jan 2027 03:04:05 GMT';
  const { client } = await answering(401, wireError('global/invalid-api-key'), {}, { date });
  await failureOf(client.listSshKeys({ onExchange: (exchange) => void told.push(exchange) }));
  expect(told).toMatchObject([{ errorType: 'unauthorized', serverTimeMs: Date.UTC(2027, 0, 2, 3, 4, 5) }]);
});

test('what was never sent is not told as an exchange', async () => {
  const told: LambdaExchange[] = [];
  const { client } = await answering(200, {}, { afterResponse: (exchange) => void told.push(exchange) });
  await failureOf(client.launchInstance({ ...LAUNCH, sshKeyNames: [] }));
  expect(told).toEqual([]);
});

test('a watcher that throws cannot lose the id of an instance that was launched; its error becomes a warning', async () => {
  const warned = withResolvers<Error>();
  process.once('warning', warned.resolve);
  onTestFinished(() => void process.off('warning', warned.resolve));
  const afterResponse = () => {
    throw new Error('metrics are broken');
  };
  const { client } = await answering(200, { data: { instance_ids: [INSTANCE_ID] } }, { afterResponse });
  expect(await client.launchInstance(LAUNCH)).toEqual({ instanceId: INSTANCE_ID });
  expect((await warned.promise).message).toBe('metrics are broken');
});

function withResolvers<T = void>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => (resolve = settle));
  return { promise, resolve };
}
