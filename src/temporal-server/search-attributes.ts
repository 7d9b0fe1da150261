import { setTimeout as sleep } from 'node:timers/promises';
import { isGrpcServiceError } from '@temporalio/client';
import type { Connection } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import proto from '@temporalio/proto'; // CommonJS, whose names Node cannot see

const { IndexedValueType } = proto.temporal.api.enums.v1;
type IndexedValueType = temporal.api.enums.v1.IndexedValueType;

/** The types by the names that the `temporal` command line gives them. */
const INDEXED_TYPE = {
  Text: IndexedValueType.INDEXED_VALUE_TYPE_TEXT,
  Keyword: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
  Int: IndexedValueType.INDEXED_VALUE_TYPE_INT,
  Double: IndexedValueType.INDEXED_VALUE_TYPE_DOUBLE,
  Bool: IndexedValueType.INDEXED_VALUE_TYPE_BOOL,
  Datetime: IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
  KeywordList: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST,
} as const satisfies Record<string, IndexedValueType>;

/** Search attributes by name: `{ NavarchNode: 'Keyword' }`. */
export type SearchAttributeTypes = Readonly<Record<string, keyof typeof INDEXED_TYPE>>;

/** What of a connection is needed here: that of a client has it. */
export type OperatorConnection = Pick<Connection, 'operatorService' | 'workflowService'>;

/** One of that name exists with another type: only an administrator can remove it. */
export class AttributeTypeError extends Error {
  override readonly name = 'AttributeTypeError';
  readonly attribute: string;

  constructor(attribute: string, message: string) {
    super(message);
    this.attribute = attribute;
  }
}

const VISIBLE_WITHIN_MS = 30_000;
const LOOK_AGAIN_MS = 100;
const INVALID_ARGUMENT = 3;
const ALREADY_EXISTS = 6;
const PERMISSION_DENIED = 7;
const UNIMPLEMENTED = 12;
const UNAUTHENTICATED = 16;

/**
 * Registers the search attributes that a namespace lacks and returns when the server knows them all: an upsert of an unknown one blocks
 * a workflow for ever. Works with the dev server and with the time-skipping one; may be repeated.
 * @throws AttributeTypeError if one exists with another type (the time-skipping server does not tell that).
 */
export async function registerSearchAttributes(
  connection: OperatorConnection,
  namespace: string,
  wanted: SearchAttributeTypes,
): Promise<void> {
  const missing = await missingSearchAttributes(connection, namespace, wanted);
  if (missing === 'cannot tell') {
    for (const name of Object.keys(wanted)) await add(connection, namespace, wanted, [name]);
    return;
  }
  if (missing.length === 0) return;
  await add(connection, namespace, wanted, missing);
  const deadline = performance.now() + VISIBLE_WITHIN_MS;
  for (;;) {
    const invisible = await missingSearchAttributes(connection, namespace, wanted);
    if (invisible.length === 0) return;
    if (performance.now() > deadline) {
      throw new Error(
        `search attributes ${missing.join(', ')}: added to namespace ${namespace}, but they do not appear`,
      );
    }
    await sleep(LOOK_AGAIN_MS);
  }
}

/**
 * The names of those that the namespace does not have; the time-skipping server cannot tell. Where the list is refused, as Temporal Cloud
 * refuses it to everybody, each is tried in a query, which shows no types.
 * @throws AttributeTypeError if one exists with another type.
 */
export async function missingSearchAttributes(
  connection: OperatorConnection,
  namespace: string,
  wanted: SearchAttributeTypes,
): Promise<readonly string[] | 'cannot tell'> {
  let existing: Record<string, IndexedValueType>;
  try {
    existing = (await connection.operatorService.listSearchAttributes({ namespace })).customAttributes;
  } catch (error) {
    if (hasCode(error, UNIMPLEMENTED)) return 'cannot tell';
    if (!hasCode(error, PERMISSION_DENIED, UNAUTHENTICATED)) throw error;
    const unknown = Object.keys(wanted).map(async (name) =>
      (await isQueryable(connection, namespace, name)) ? [] : [name],
    );
    return (await Promise.all(unknown)).flat();
  }
  return Object.entries(wanted)
    .filter(([name, type]) => {
      const found = existing[name];
      if (found !== undefined && found !== INDEXED_TYPE[type]) {
        throw new AttributeTypeError(
          name,
          `search attribute ${name}: exists in namespace ${namespace} as ${IndexedValueType[found]}, but ${type} is needed`,
        );
      }
      return found === undefined;
    })
    .map(([name]) => name);
}

/** Takes the right to read workflows, which everybody has who works with them. */
async function isQueryable({ workflowService }: OperatorConnection, namespace: string, name: string): Promise<boolean> {
  try {
    await workflowService.countWorkflowExecutions({ namespace, query: `${name} IS NULL` });
    return true;
  } catch (error) {
    if (hasCode(error, INVALID_ARGUMENT)) return false;
    throw error;
  }
}

async function add(
  connection: OperatorConnection,
  namespace: string,
  wanted: SearchAttributeTypes,
  names: readonly string[],
): Promise<void> {
  const chosen = Object.entries(wanted).filter(([name]) => names.includes(name));
  const searchAttributes = Object.fromEntries(chosen.map(([name, type]) => [name, INDEXED_TYPE[type]]));
  try {
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
  } catch (error) {
    // Somebody else added it between our look and this, or (time-skipping server) before.
    if (!hasCode(error, ALREADY_EXISTS)) throw error;
  }
}

function hasCode(error: unknown, ...codes: readonly number[]): boolean {
  return isGrpcServiceError(error) && codes.includes(error.code);
}
