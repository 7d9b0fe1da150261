import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';

/** Where a node is, for lists in the Temporal UI. A worker is not ready until all of them exist: an upsert of an unknown one blocks a workflow. */
export const SEARCH_ATTRIBUTE = {
  node: defineSearchAttributeKey('NavarchNode', SearchAttributeType.KEYWORD),
  pool: defineSearchAttributeKey('NavarchPool', SearchAttributeType.KEYWORD),
  labels: defineSearchAttributeKey('NavarchLabels', SearchAttributeType.KEYWORD_LIST),
  phase: defineSearchAttributeKey('NavarchPhase', SearchAttributeType.KEYWORD),
  instanceType: defineSearchAttributeKey('NavarchInstanceType', SearchAttributeType.KEYWORD),
  region: defineSearchAttributeKey('NavarchRegion', SearchAttributeType.KEYWORD),
  instanceId: defineSearchAttributeKey('NavarchInstanceId', SearchAttributeType.KEYWORD),
  needsAttention: defineSearchAttributeKey('NavarchNeedsAttention', SearchAttributeType.BOOL),
} as const;

const TYPE_NAME = {
  [SearchAttributeType.KEYWORD]: 'Keyword',
  [SearchAttributeType.KEYWORD_LIST]: 'KeywordList',
  [SearchAttributeType.BOOL]: 'Bool',
} as const;

/** Name to type, as the `temporal operator search-attribute create` command and the operator service take them. */
export const SEARCH_ATTRIBUTE_TYPES: Readonly<Record<string, (typeof TYPE_NAME)[keyof typeof TYPE_NAME]>> =
  Object.fromEntries(Object.values(SEARCH_ATTRIBUTE).map((key) => [key.name, TYPE_NAME[key.type]]));

/**
 * One entry of `NavarchLabels`. Percent-encoded is what some store of Temporal's lists cannot look for (a quote in SQLite's full-text index
 * ends the query), so that one filter finds it in all of them. A key holds no `=`: the first one ends it.
 */
export function labelEntry(key: string, value: string): string {
  return `${key}=${value}`.replaceAll(/[\p{Cc}\p{Cs}%'"\\♡]/gu, (character) =>
    character === "'" ? '%27' : /\p{Cs}/u.test(character) ? '%EF%BF%BD' : encodeURIComponent(character),
  );
}

// Temporal takes 2 048 bytes of JSON as the value of a search attribute, and SQL stores 255 characters of each entry; a refused upsert
// blocks a workflow.
const LABELS_MOST_BYTES = 2_000;
const ENTRY_MOST_CHARACTERS = 255;

/** Labels as `NavarchLabels` holds them: in the order of their keys, as many as fit. By the others a node is not found. */
export function labelEntries(labels: Readonly<Record<string, string>> | undefined): string[] {
  const entries = Object.entries(labels ?? {})
    .map(([key, value]) => labelEntry(key, value))
    .filter((entry) => entry.length <= ENTRY_MOST_CHARACTERS)
    .sort();
  let bytes = 2; // the brackets of the list; then two quotes and a comma each
  return entries.filter((entry) => (bytes += utf8Bytes(entry) + 3) <= LABELS_MOST_BYTES);
}

/** The pair to set; none where there are no labels. */
export function labelsAttribute(
  labels: Readonly<Record<string, string>> | undefined,
): { key: typeof SEARCH_ATTRIBUTE.labels; value: string[] }[] {
  const value = labelEntries(labels);
  return value.length === 0 ? [] : [{ key: SEARCH_ATTRIBUTE.labels, value }];
}

/** The labels that such a list holds. */
export function labelsOf(entries: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    entries.map((entry) => {
      const [key = ''] = entry.split('=', 1);
      return [key, decoded(entry.slice(key.length + 1))];
    }),
  );
}

/** Whoever wrote it: an entry that is not ours is shown as it is. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function utf8Bytes(text: string): number {
  return encodeURIComponent(text).replaceAll(/%../g, 'x').length;
}
