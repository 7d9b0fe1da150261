import { describe, expect, test } from 'vitest';
import {
  instanceName,
  LAUNCH_TOKEN_PATTERN,
  launchTokenFrom,
  NODE_NAME_PATTERN,
  RESERVED_LABEL_PREFIXES,
  TAG,
  tagsOf,
  tagValue,
} from '../../../src/domain/names.ts';

// Lambda's limits, from its API facts (2.3).
const INSTANCE_NAME_CHARACTERS = 64;
const TAG_KEY = /^[a-z][a-z0-9-:]+$/;
const TAG_KEY_CHARACTERS = 55;
const TAG_VALUE_CHARACTERS = 128;

const UUID = '0d5e3f8a-9b1c-4d2e-8f70-a1b2c3d4e5f6';
const LONGEST_NAME = `a${'-'.repeat(38)}z`;

describe('a node name', () => {
  test.each(['a', '7', 'trainer-1', 'a--b', LONGEST_NAME])('%s is a DNS label of at most 40 characters', (name) => {
    expect(name).toMatch(NODE_NAME_PATTERN);
  });

  test.each(['', '-a', 'a-', 'A', 'a.b', 'a_b', 'a b', 'ä', 'a/b', 'a\n', `${LONGEST_NAME}z`])(
    '%j would not be a host name, a workflow id and a tag all the same',
    (name) => {
      expect(name).not.toMatch(NODE_NAME_PATTERN);
    },
  );
});

describe('what we put on an instance', () => {
  const identity = {
    node: LONGEST_NAME,
    launchToken: launchTokenFrom(UUID),
    namespaceId: UUID,
    runId: UUID,
    launchedAt: '2026-10-08T00:49:14.000Z',
  };

  test('a token is twenty hex digits of a UUID', () => {
    expect(identity.launchToken).toBe('0d5e3f8a9b1c4d2e8f70');
    expect(identity.launchToken).toMatch(LAUNCH_TOKEN_PATTERN);
  });

  test('its name fits even for the longest node name', () => {
    const name = instanceName(identity.node, identity.launchToken);
    expect(name).toBe(`${LONGEST_NAME}-0d5e3f8a9b1c4d2e8f70`);
    expect(name.length).toBeLessThanOrEqual(INSTANCE_NAME_CHARACTERS);
  });

  test('each of its tags is one that Lambda takes, and none is said twice', () => {
    const labels = { ['k'.repeat(55)]: 'v'.repeat(128), 'cost:centre': '' };
    const tags = tagsOf(identity, 'p'.repeat(63), labels);
    for (const { key, value } of tags) {
      expect(key).toMatch(TAG_KEY);
      expect(key.length).toBeLessThanOrEqual(TAG_KEY_CHARACTERS);
      expect(value.length).toBeLessThanOrEqual(TAG_VALUE_CHARACTERS);
    }
    expect(new Set(tags.map((tag) => tag.key)).size).toBe(tags.length);
    expect(tags).toHaveLength(8);
  });

  test('it can be found again by them', () => {
    const tags = tagsOf(identity, undefined, {});
    expect(tagValue(tags, TAG.node)).toBe(identity.node);
    expect(tagValue(tags, TAG.launch)).toBe(identity.launchToken);
    expect(tagValue(tags, TAG.namespace)).toBe(UUID);
    expect(tagValue(tags, TAG.run)).toBe(UUID);
    expect(tagValue(tags, TAG.launchedAt)).toBe(identity.launchedAt);
    expect(tagValue(tags, TAG.pool)).toBeUndefined();
  });

  test('all our own tags are reserved, so that no caller can claim an instance for somebody else', () => {
    for (const key of Object.values(TAG)) {
      expect(RESERVED_LABEL_PREFIXES.some((prefix) => key.startsWith(prefix))).toBe(true);
    }
  });
});
