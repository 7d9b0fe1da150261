import { describe, expect, test } from 'vitest';
import { differingFields } from '../../../src/domain/requests.ts';

const REQUEST = {
  name: 'n',
  instanceType: ['gpu_8x_h100_sxm5', 'gpu_8x_a100'],
  capacity: { waitUpTo: '48h' },
  labels: { team: 'vision', owner: 'ann' },
  image: { family: 'lambda-stack-24-04' },
};

describe('two requests for one name', () => {
  test('are the same whatever the order of their keys', () => {
    const { name, ...rest } = REQUEST;
    const reordered = { ...rest, name, labels: { owner: 'ann', team: 'vision' } };
    expect(differingFields(REQUEST, reordered)).toEqual([]);
  });

  test('are the same when one leaves out what the other leaves undefined', () => {
    expect(differingFields(REQUEST, { ...REQUEST, region: undefined })).toEqual([]);
  });

  test('differ in the order of a list: it is the order of preference', () => {
    const turned = { ...REQUEST, instanceType: [...REQUEST.instanceType].reverse() };
    expect(differingFields(REQUEST, turned)).toEqual(['instanceType']);
  });

  test.each<[string, Record<string, unknown>, string[]]>([
    ['a changed field', { name: 'm' }, ['name']],
    ['a field more', { pool: 'training' }, ['pool']],
    ['a field less', { image: undefined }, ['image']],
    ['a field inside another', { capacity: { waitUpTo: '2d' } }, ['capacity.waitUpTo']],
    [
      'several, in the order of the alphabet',
      { name: 'm', labels: { team: 'x', lead: 'y' } },
      ['labels.lead', 'labels.owner', 'labels.team', 'name'],
    ],
    ['a shorter list', { instanceType: ['gpu_8x_h100_sxm5'] }, ['instanceType']],
    ['another type', { instanceType: 'gpu_8x_h100_sxm5' }, ['instanceType']],
    ['another way of naming the image', { image: { id: 'x' } }, ['image.family', 'image.id']],
    ['null, which is not the same as nothing', { pool: null }, ['pool']],
  ])('differ in %s', (_, change, fields) => {
    const changed = { ...REQUEST, ...change };
    expect(differingFields(REQUEST, changed)).toEqual(fields);
    expect(differingFields(changed, REQUEST)).toEqual(fields);
  });

  test('compare lists of objects by what is in them', () => {
    expect(differingFields({ a: [{ b: 1 }, [2]] }, { a: [{ b: 1 }, [2]] })).toEqual([]);
    expect(differingFields({ a: [{ b: 1 }, [2]] }, { a: [{ b: 1 }, [3]] })).toEqual(['a']);
  });

  test.each([null, undefined, 'n', 5, [REQUEST]])(
    '%j is no request: it differs as a whole, and that has a name',
    (other) => {
      expect(differingFields(REQUEST, other)).toEqual(['request']);
      expect(differingFields(other, REQUEST)).toEqual(['request']);
    },
  );
});
