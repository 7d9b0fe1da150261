import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';

/** Where a node is, for lists in the Temporal UI. A worker is not ready until all of them exist: an upsert of an unknown one blocks a workflow. */
export const SEARCH_ATTRIBUTE = {
  node: defineSearchAttributeKey('NavarchNode', SearchAttributeType.KEYWORD),
  pool: defineSearchAttributeKey('NavarchPool', SearchAttributeType.KEYWORD),
  phase: defineSearchAttributeKey('NavarchPhase', SearchAttributeType.KEYWORD),
  instanceType: defineSearchAttributeKey('NavarchInstanceType', SearchAttributeType.KEYWORD),
  region: defineSearchAttributeKey('NavarchRegion', SearchAttributeType.KEYWORD),
  instanceId: defineSearchAttributeKey('NavarchInstanceId', SearchAttributeType.KEYWORD),
  needsAttention: defineSearchAttributeKey('NavarchNeedsAttention', SearchAttributeType.BOOL),
} as const;

/** Name to type, as the `temporal operator search-attribute create` command and the operator service take them. */
export const SEARCH_ATTRIBUTE_TYPES: Readonly<Record<string, 'Keyword' | 'Bool'>> = Object.fromEntries(
  Object.values(SEARCH_ATTRIBUTE).map((key) => [key.name, key.type === SearchAttributeType.BOOL ? 'Bool' : 'Keyword']),
);
