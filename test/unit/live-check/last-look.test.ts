import { expect, test } from 'vitest';
import { stillThere } from '../../../src/live-check/last-look.ts';
import { instanceOf, lambdaThatAnswers } from './lambda-stub.ts';

const ID = '0123456789abcdef'.repeat(2);
const NAME = 'live-check-00000000';
const QUICK = { forMs: 5_000, everyMs: 1 };
const UNKNOWN = { status: 404, code: 'global/object-does-not-exist' };

test('a last look outlasts what passes, and waits as long as Lambda asks', async () => {
  const { lambda, seen } = await lambdaThatAnswers((asked, at) => {
    if (at === 1) return { status: 503, code: 'global/unavailable' };
    if (at === 2) return { status: 429, code: 'global/rate-limited', headers: { 'retry-after': '1' } };
    if (asked === 'GET /instances') return { data: [instanceOf('a'.repeat(32), 'somebody', 'active')] };
    return at === 4 ? { status: 500, code: 'global/internal-error' } : UNKNOWN;
  });
  const begun = performance.now();
  expect(await stillThere(lambda, NAME, ID, QUICK)).toEqual([]);
  expect(performance.now() - begun).toBeGreaterThan(990);
  expect(seen).toEqual([...Array<string>(3).fill('GET /instances'), ...Array<string>(2).fill(`GET /instances/${ID}`)]);
});

test('what does not pass is thrown at once, what does not stop is thrown in the end', async () => {
  const refused = await lambdaThatAnswers(() => ({ status: 401, code: 'global/invalid-api-key' }));
  await expect(stillThere(refused.lambda, NAME, ID, QUICK)).rejects.toMatchObject({ type: 'unauthorized' });
  expect(refused.seen).toHaveLength(1);
  const down = await lambdaThatAnswers(() => ({ status: 503, code: 'global/unavailable' }));
  const patience = { forMs: 30, everyMs: 10 };
  await expect(stillThere(down.lambda, NAME, ID, patience)).rejects.toMatchObject({ type: 'provider_unavailable' });
  expect(down.seen.length).toBeGreaterThan(1);
});

test('what is ours is known by its id or its name, once; what has ended does not count', async () => {
  const ours = instanceOf(ID, 'renamed', 'terminating');
  const { lambda } = await lambdaThatAnswers((asked) =>
    asked === 'GET /instances'
      ? {
          data: [
            ours,
            instanceOf('b'.repeat(32), `${NAME}-1`, 'active'),
            instanceOf('c'.repeat(32), `${NAME}-2`, 'terminated'),
          ],
        }
      : { data: ours },
  );
  expect((await stillThere(lambda, NAME, ID)).map(({ id }) => id)).toEqual([ID, 'b'.repeat(32)]);
});
