import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from '@temporalio/client';
import type { SearchAttributeType } from '@temporalio/common';
import type { temporal } from '@temporalio/proto';
import proto from '@temporalio/proto'; // CommonJS, whose names Node cannot see

/** Search attributes by name, as `defineSearchAttributeKey` types them: `{ NavarchNode: 'KEYWORD' }`. */
export type SearchAttributeTypes = Readonly<Record<string, SearchAttributeType>>;

const VISIBLE_WITHIN_MS = 30_000;
const LOOK_AGAIN_MS = 100;
const { IndexedValueType } = proto.temporal.api.enums.v1;

/**
 * Registers the search attributes that are missing in a namespace and returns when the server knows them all: an upsert of an unknown
 * one blocks a workflow for ever. Works with the dev server and the time-skipping one.
 * @throws Error if one exists with another type.
 */
export async function registerSearchAttributes(
  connection: Pick<Connection, 'operatorService'>,
  namespace: string,
  wanted: SearchAttributeTypes,
): Promise<void> {
  const missing = await missingSearchAttributes(connection, namespace, wanted);
  if (missing.length === 0) return;
  const searchAttributes = Object.fromEntries(missing.map(([name, type]) => [name, indexedType(type)]));
  await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
  const deadline = performance.now() + VISIBLE_WITHIN_MS;
  while ((await missingSearchAttributes(connection, namespace, wanted)).length > 0) {
    if (performance.now() > deadline) {
      throw new Error(
        `search attributes: ${Object.keys(searchAttributes).join(', ')} were added to namespace ${namespace}, but do not appear`,
      );
    }
    await sleep(LOOK_AGAIN_MS);
  }
}

/** Those of the wanted ones that the namespace does not have. */
export async function missingSearchAttributes(
  connection: Pick<Connection, 'operatorService'>,
  namespace: string,
  wanted: SearchAttributeTypes,
): Promise<[string, SearchAttributeType][]> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  return Object.entries(wanted).filter(([name, type]) => {
    const existing = customAttributes[name];
    if (existing !== undefined && existing !== indexedType(type)) {
      throw new Error(
        `search attribute ${name}: exists in namespace ${namespace} as ${IndexedValueType[existing]}, but ${type} is needed`,
      );
    }
    return existing === undefined;
  });
}

function indexedType(type: SearchAttributeType): temporal.api.enums.v1.IndexedValueType {
  return IndexedValueType[`INDEXED_VALUE_TYPE_${type}`];
}
