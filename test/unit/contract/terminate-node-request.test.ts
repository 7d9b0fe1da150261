import { describe, expect, test } from 'vitest';
import { parseRequest } from '../../../src/contract/parse.ts';
import { terminateNodeRequest } from '../../../src/contract/terminate-node.ts';
import { complaintsAbout } from './refusal-of.ts';

describe('a request to end a node', () => {
  test.each([{ name: 'n' }, { name: 'n', reason: 'done', drainFor: '0s' }, { name: 'n', drainFor: '15m' }])(
    '%j is taken as it is',
    (request) => {
      expect(parseRequest(terminateNodeRequest, request)).toEqual(request);
    },
  );

  test.each<[unknown, string[]]>([
    [{}, ['name: is missing']],
    [{ name: 'n', reason: '' }, ['reason: must not be empty']],
    [{ name: 'n', reason: 'x'.repeat(201) }, ['reason: must have at most 200 characters']],
    [{ name: 'n', drainFor: 15 }, ['drainFor: must be a string, not a number']],
    [{ name: 'n', drainFor: '3651d' }, ['drainFor: must be at most 3650d']],
    [{ name: 'n', force: true }, ['force: unknown field']],
    [null, ['request: must be an object, not null']],
  ])('%j is refused with the field named', (request, complaints) => {
    expect(complaintsAbout(terminateNodeRequest, request)).toEqual(complaints);
  });
});
