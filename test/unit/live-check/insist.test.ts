import { expect, test } from 'vitest';
import { insist } from '../../../src/live-check/insist.ts';

const QUICK = { pauseMs: 1, tellEveryMs: 5 };

test('an end that fails is asked for again until it is proven', async () => {
  const told: string[] = [];
  let asked = 0;
  await insist(
    () => {
      asked += 1;
      return asked < 3 ? Promise.reject(new Error('no worker')) : Promise.resolve();
    },
    { ...QUICK, tell: (line) => void told.push(line) },
  );
  expect(asked).toBe(3);
  expect(told.filter((line) => line.includes('no worker'))).toHaveLength(2);
});

test('after a few tries it gives up with the last error', async () => {
  let asked = 0;
  const end = (): Promise<never> => Promise.reject(new Error(`no answer ${(asked += 1)}`));
  await expect(insist(end, { ...QUICK, tries: 4, tell: () => undefined })).rejects.toThrow('no answer 4');
});

test('one that does not come is waited for so long and no longer, and it is said that it is', async () => {
  const told: string[] = [];
  const never = (): Promise<never> => new Promise(() => undefined);
  const insisted = insist(never, { ...QUICK, withinMs: 50, tell: (line) => void told.push(line) });
  await expect(insisted).rejects.toThrow('no proof came in time');
  expect(told).toContainEqual(expect.stringContaining('still waiting'));
});
