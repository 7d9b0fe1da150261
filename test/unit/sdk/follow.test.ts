import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { follow } from '../../../src/sdk/follow.ts';
import { NoWorkerError } from '../../../src/sdk/index.ts';

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
