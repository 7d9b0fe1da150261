import { expect, test } from 'vitest';
import { endDirectly } from '../../../src/live-check/end-directly.ts';
import { instanceOf, lambdaThatAnswers, type StubAnswer } from './lambda-stub.ts';

const ID = '0123456789abcdef'.repeat(2);
const NAME = 'live-check-00000000';
const TERMINATE = 'POST /instance-operations/terminate';
const UNKNOWN: StubAnswer = { status: 404, code: 'global/object-does-not-exist' };
const quick = (told: string[] = []) => ({
  name: NAME,
  instanceId: ID,
  tell: (line: string) => void told.push(line),
  everyMs: 1,
  gapMs: 20,
  patience: { forMs: 1_000, everyMs: 1 },
});

test('a machine that no workflow owns is ended by its id, asked again where Lambda refuses, until it is seen to be gone', async () => {
  let refusals = 1;
  let status = 'active';
  let terminatingFor = 2;
  const { lambda, seen } = await lambdaThatAnswers((asked) => {
    const shown = instanceOf(ID, 'renamed', status);
    if (asked === TERMINATE) {
      if (refusals-- > 0) return { status: 400, code: 'global/unknown' };
      status = 'terminating';
      return { data: { terminated_instances: [instanceOf(ID, 'renamed', status)] } };
    }
    const isGone = status === 'terminating' && terminatingFor < 0;
    if (status === 'terminating' && asked === 'GET /instances') terminatingFor -= 1;
    if (asked === 'GET /instances') return { data: isGone ? [] : [shown] };
    return isGone ? UNKNOWN : { data: shown };
  });
  const told: string[] = [];
  expect(await endDirectly(lambda, quick(told))).toEqual([]);
  expect(seen.filter((asked) => asked === TERMINATE)).toHaveLength(2);
  expect(told).toContain(`${ID} is terminating`);
});

test('one list without it proves nothing', async () => {
  let lists = 0;
  let isEnded = false;
  const { lambda, seen } = await lambdaThatAnswers((asked) => {
    const shown = instanceOf(ID, `${NAME}-1`, isEnded ? 'terminated' : 'active');
    if (asked === TERMINATE) {
      isEnded = lists > 2;
      return { data: { terminated_instances: [shown] } };
    }
    if (asked !== 'GET /instances') return UNKNOWN;
    lists += 1;
    return { data: lists === 2 ? [] : [shown] }; // a lapse
  });
  expect(await endDirectly(lambda, quick())).toEqual([]);
  expect(seen.filter((asked) => asked === TERMINATE)).toHaveLength(2);
});

test('what will not end is told', async () => {
  const shown = instanceOf(ID, `${NAME}-1`, 'active');
  const { lambda } = await lambdaThatAnswers((asked) => {
    if (asked === TERMINATE) return { status: 403, code: 'global/forbidden' };
    return { data: asked === 'GET /instances' ? [shown] : shown };
  });
  expect(await endDirectly(lambda, { ...quick(), forMs: 20 })).toMatchObject([{ id: ID }]);
});
