import { describe, expect, test } from 'vitest';
import { OWNED_TOKENS, ownedTokens } from '../../../src/contract/memo.ts';
import { SEARCH_ATTRIBUTE_TYPES } from '../../../src/contract/search-attributes.ts';
import { ACCOUNT_NAME, mainTaskQueue, taskQueuesOf } from '../../../src/contract/task-queues.ts';
import { accountBrokerId, keepNodeId, provisionNodeId, terminateNodeId } from '../../../src/contract/workflow-ids.ts';

// What other services, the sweeper and running workflows know us by: a change here is a change for all of them.

test('each workflow of a node has an id of its own, made of the name alone', () => {
  expect([provisionNodeId('n'), keepNodeId('n'), terminateNodeId('n')]).toEqual([
    'provision-node/n',
    'node/n',
    'terminate-node/n',
  ]);
});

test('what the owners of an account know together is at the name of the account', () => {
  expect([accountBrokerId(undefined), accountBrokerId('research')]).toEqual(['account/default', 'account/research']);
});

test('task queues carry the account, except for the default one', () => {
  expect(taskQueuesOf(mainTaskQueue(undefined))).toEqual({
    main: 'navarch-provisioner',
    lambda: 'navarch-provisioner-lambda',
  });
  expect(taskQueuesOf(mainTaskQueue('research'))).toEqual({
    main: 'navarch-provisioner-research',
    lambda: 'navarch-provisioner-research-lambda',
  });
});

test.each(['a', '7', 'research', 'team-2', 'lambdas', 'lambda-team', 'a--b', 'x'.repeat(40)])(
  'an account may be called %s, and shares no queue and no id with the one without a name',
  (account) => {
    expect(account).toMatch(ACCOUNT_NAME);
    const { main, lambda } = taskQueuesOf(mainTaskQueue(undefined));
    expect([main, lambda, `${lambda}-lambda`]).not.toContain(mainTaskQueue(account));
    expect(accountBrokerId(account)).not.toBe(accountBrokerId(undefined));
  },
);

test.each(['', 'Prod', 'a b', 'a_b', '-a', 'a-', '-', 'x'.repeat(41), 'lambda', 'x-lambda', 'default', 'a\n'])(
  'none may be called %j: it is no part of a name, or gives what is another account’s',
  (account) => {
    expect(account).not.toMatch(ACCOUNT_NAME);
  },
);

test('search attributes have the types the Temporal UI filters by', () => {
  expect(SEARCH_ATTRIBUTE_TYPES).toEqual({
    NavarchNode: 'Keyword',
    NavarchPool: 'Keyword',
    NavarchLabels: 'KeywordList',
    NavarchPhase: 'Keyword',
    NavarchInstanceType: 'Keyword',
    NavarchRegion: 'Keyword',
    NavarchInstanceId: 'Keyword',
    NavarchNeedsAttention: 'Bool',
  });
});

describe("the tokens in an owner's memo", () => {
  test('are read as they are, none too', () => {
    expect(ownedTokens({ [OWNED_TOKENS]: ['a', 'b'], other: 1 })).toEqual(['a', 'b']);
    expect(ownedTokens({ [OWNED_TOKENS]: [] })).toEqual([]);
  });

  test.each([undefined, {}, { [OWNED_TOKENS]: 'a' }, { [OWNED_TOKENS]: ['a', 5] }, { [OWNED_TOKENS]: null }])(
    'cannot be read from %j, which is not the same as owning nothing: nothing may be ended on account of it',
    (memo) => {
      expect(ownedTokens(memo)).toBeUndefined();
    },
  );
});
