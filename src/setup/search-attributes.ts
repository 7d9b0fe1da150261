import type { Client } from '@temporalio/client';
import { SEARCH_ATTRIBUTE_TYPES } from '../contract/search-attributes.ts';
import {
  AttributeTypeError,
  missingSearchAttributes,
  registerSearchAttributes,
} from '../temporal-server/search-attributes.ts';
import { removeSearchAttributeCommand, searchAttributeCommands, type Place } from './admin-commands.ts';
import { refusalOf, type Part } from './part.ts';

/** Adds the search attributes that the namespace lacks. An upsert of an unknown one would block a workflow for ever. */
export async function setUpSearchAttributes(client: Client, place: Place, dryRun: boolean): Promise<readonly Part[]> {
  const { connection } = client;
  let missing: readonly string[] | 'cannot tell' | undefined;
  try {
    missing = await missingSearchAttributes(connection, place.namespace, SEARCH_ATTRIBUTE_TYPES);
    if (missing.length === 0) return [{ part: 'search attributes', outcome: 'present' }];
    if (!dryRun) await registerSearchAttributes(connection, place.namespace, SEARCH_ATTRIBUTE_TYPES);
    // A server that cannot tell what it has takes them a second time.
    if (missing === 'cannot tell') return [{ part: 'search attributes', outcome: 'present' }];
    return missing.map((name) => ({
      part: `search attribute ${name} (${SEARCH_ATTRIBUTE_TYPES[name]})`,
      outcome: 'created',
    }));
  } catch (error) {
    if (error instanceof AttributeTypeError) {
      const todo = [
        `if nothing else uses it: ${removeSearchAttributeCommand(place, error.attribute)}`,
        'otherwise give navarch-provisioner another namespace',
      ];
      return [{ part: `search attribute ${error.attribute}`, outcome: 'not_done', why: error.message, todo }];
    }
    const why = refusalOf(error);
    if (why === undefined) throw error;
    const names = missing === undefined || missing === 'cannot tell' ? Object.keys(SEARCH_ATTRIBUTE_TYPES) : missing;
    const part = `search attribute${names.length === 1 ? '' : 's'} ${names.join(', ')}`;
    return [{ part, outcome: 'not_done', why, todo: searchAttributeCommands(place, names) }];
  }
}
