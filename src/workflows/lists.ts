import type { InstanceList, InstanceTypeList } from '../contract/list.ts';
import { MINUTE } from '../domain/durations.ts';
import { lambda } from './activities.ts';
import { failingPlainly } from './failures.ts';

/** How long a caller's question may wait for its place in the account's budget. */
const WITHIN = { withinMs: 5 * MINUTE };

/** Every instance of the account, so that a caller needs no Lambda key. */
export async function listInstances(): Promise<InstanceList> {
  return failingPlainly(() => lambda('list instances', 'list', WITHIN).listInstances());
}

/** Every type Lambda offers, with prices and the regions that list capacity now. */
export async function listInstanceTypes(): Promise<InstanceTypeList> {
  return failingPlainly(() => lambda('list instance types', 'list', WITHIN).listInstanceTypes());
}
