import { expect, test } from 'vitest';
import { rememberedKeys } from '../../../src/activities/ssh-keys.ts';
import { UnreadablePrivateKeyError } from '../../../src/clients/ssh/index.ts';
import { newKey } from '../ssh/ssh-server.ts';

const [a, b, c, d] = [newKey().private, newKey().private, newKey().private, newKey().private] as const;

/** A worker whose key file is exchanged, and a clock moved by hand. */
function worker(previous?: () => Promise<string>) {
  const file = { key: a };
  const clock = { now: 0 };
  const keys = rememberedKeys(
    () => Promise.resolve(file.key),
    previous,
    1_000,
    () => clock.now,
  );
  return { file, clock, keys };
}

test('a key that was exchanged is offered after the current one, until it was not in use for its time', async () => {
  const { file, clock, keys } = worker();
  expect(await keys()).toEqual([a]);
  clock.now = 900;
  expect(await keys()).toEqual([a]);
  file.key = b;
  clock.now = 1_800;
  expect(await keys()).toEqual([b, a]);
  clock.now = 1_901;
  expect(await keys()).toEqual([b]);
});

test('a key that comes back is the current one, and offered once', async () => {
  const { file, keys } = worker();
  for (const key of [a, b, a]) {
    file.key = key;
    await keys();
  }
  expect(await keys()).toEqual([a, b]);
});

test('never are more offered than a server lets be tried', async () => {
  const { file, keys } = worker();
  for (let count = 0; count < 9; count += 1) {
    file.key = newKey().private;
    await keys();
  }
  expect(await keys()).toHaveLength(5);
});

test('a file that is read in the midst of its exchange is an error now, and forgotten', async () => {
  const { file, keys } = worker();
  await keys();
  file.key = b.slice(0, b.length / 2);
  await expect(keys()).rejects.toBeInstanceOf(UnreadablePrivateKeyError);
  file.key = b;
  expect(await keys()).toEqual([b, a]);
});

test('what the worker was told to be the previous key is offered last, and once', async () => {
  let told: string = c;
  const { file, keys } = worker(() => Promise.resolve(told));
  expect(await keys()).toEqual([a, c]);
  file.key = d;
  expect(await keys()).toEqual([d, a, c]);
  told = a;
  expect(await keys()).toEqual([d, a]);
});

test('a previous key that cannot be read any more stops nobody', async () => {
  const { keys } = worker(() => Promise.reject(new Error('ENOENT')));
  expect(await keys()).toEqual([a]);
});
