import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { describe, expect, test } from 'vitest';
import { Caller } from '../../../src/sdk/caller.ts';
import { follow } from '../../../src/sdk/follow.ts';
import { NodeProvisionerError, NoWorkerError, TemporalUnreachableError } from '../../../src/sdk/index.ts';
import { NodeProvision } from '../../../src/sdk/node-provision.ts';
import { standIn } from './temporal-stand-in.ts';

/** A busy machine takes its time to connect. */
const CONNECTED_WITHIN_MS = 20_000;

test('what is never iterated asks nothing, and leaves no rejection behind', async () => {
  let asked = 0;
  const fails = (): Promise<never> => {
    asked += 1;
    return Promise.reject(new Error('nobody would catch this'));
  };
  follow(fails, fails);
  await sleep(0);
  expect(asked).toBe(0);
});

test('it shows what is new, outlives a look without an answer, and looks once more when the end has come', async () => {
  const looks = ['accepted', 'accepted', undefined, 'booting', 'ready'];
  let end: () => void;
  const ended = new Promise<void>((resolve) => (end = resolve));
  const unanswered: string[] = [];
  const look = (): Promise<string | undefined> => {
    const seen = looks.shift();
    if (looks.length === 1) end();
    return seen === undefined ? Promise.reject(new NoWorkerError('a queue')) : Promise.resolve(seen);
  };
  const shown: string[] = [];
  const options = { everyMs: 1, onUnanswered: ({ name }: Error) => void unanswered.push(name) };
  for await (const phase of follow(look, () => ended, options)) shown.push(phase);
  expect(shown).toEqual(['accepted', 'booting', 'ready']);
  expect(unanswered).toEqual(['NoWorkerError']);
});

test('a signal ends it, and nothing else', async () => {
  const stop = new AbortController();
  const never = new Promise(() => undefined);
  const seen: number[] = [];
  let count = 0;
  for await (const one of follow(
    () => Promise.resolve((count += 1)),
    () => never,
    { everyMs: 1, signal: stop.signal },
  )) {
    seen.push(one);
    if (one === 3) stop.abort();
  }
  expect(seen).toEqual([1, 2, 3]);
});

test('an end that nobody could tell of is asked for again; any other rejection is the end', async () => {
  const ends = [
    new TemporalUnreachableError('away'),
    new NoWorkerError('a queue'),
    new NodeProvisionerError('it failed'),
  ];
  let asked = 0;
  const untilEnded = (): Promise<never> => Promise.reject(ends[asked++] ?? new Error('asked after the end'));
  const shown: number[] = [];
  for await (const one of follow(() => Promise.resolve(asked), untilEnded, { everyMs: 1 })) shown.push(one);
  expect(asked).toBe(ends.length);
  expect(shown.at(-1)).toBe(ends.length);
});

describe('the question for the end', () => {
  const never = (signals: AbortSignal[]) => (signal: AbortSignal) => {
    signals.push(signal);
    return new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(new NodeProvisionerError('given up')));
    });
  };

  test('is given up when the iteration is left, and when what it shows cannot be shown', async () => {
    const signals: AbortSignal[] = [];
    for await (const one of follow(() => Promise.resolve('seen'), never(signals))) {
      expect([one, signals.map(({ aborted }) => aborted)]).toEqual(['seen', [false]]);
      break;
    }
    const broken = follow(() => Promise.reject(new Error('broken')), never(signals));
    await expect(broken.next()).rejects.toThrow('broken');
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
  });

  test('is given up at the signal, though nobody asks for the next', async () => {
    const signals: AbortSignal[] = [];
    const stop = new AbortController();
    const iteration = follow(() => Promise.resolve('seen'), never(signals), { signal: stop.signal });
    await iteration.next();
    stop.abort();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    expect(await iteration.next()).toEqual({ done: true, value: undefined });
  });

  test('is not asked where the signal has come before', async () => {
    const signals: AbortSignal[] = [];
    const iteration = follow(() => Promise.resolve('seen'), never(signals), { signal: AbortSignal.abort() });
    expect(await iteration.next()).toEqual({ done: true, value: undefined });
    expect(signals).toEqual([]);
  });

  test("of a provision is Temporal's long poll: it ends with the iteration", async () => {
    const server = await standIn(undefined, undefined, 'GetWorkflowExecutionHistory');
    const connection = Connection.lazy({ address: server.address });
    // Looks are not what this is about.
    const unanswered = (): Promise<never> => Promise.reject(new NoWorkerError('a queue'));
    const looks = { query: unanswered, describe: unanswered };
    const client = new Client({ connection, interceptors: { workflow: [looks] } });
    const provision = new NodeProvision(new Caller(client, 'a-queue'), { workflowId: 'provision-node/a', runId: 'a' });
    try {
      const stop = new AbortController();
      const next = provision.progress({ everyMs: 1, signal: stop.signal })[Symbol.asyncIterator]().next();
      await expect.poll(() => server.waiting.length, { timeout: CONNECTED_WITHIN_MS }).toBe(1);
      stop.abort();
      await next;
      await expect.poll(() => server.waiting.length, { timeout: CONNECTED_WITHIN_MS }).toBe(0);
      const asked = server.calls.length;
      await provision.progress({ signal: AbortSignal.abort() })[Symbol.asyncIterator]().next();
      expect(server.calls.length).toBe(asked);
    } finally {
      await connection.close();
      server.close();
    }
  }, 60_000);
});
