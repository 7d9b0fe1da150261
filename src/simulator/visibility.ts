import { faultOf } from './faults/instance-faults.ts';
import type { Instance, InstanceStatus } from './instance.ts';

/** How long an instance that ended can still be read, in simulated milliseconds (§8.23). Nobody knows how long that really is. */
export interface AfterEnd {
  /** In the list. Default 60 000. */
  readonly listedMs?: number;
  /** By id. Default 600 000: get was seen to say `terminated` when the list was already empty. */
  readonly gettableMs?: number;
}

const LISTED_MS = 60_000;
const GETTABLE_MS = 600_000;

/** What a read shows of an instance: perhaps nothing yet, nothing any more, or an old status. Reads by list and by id may disagree. */
export function statusSeen(
  instance: Instance,
  by: 'list' | 'get',
  now: number,
  afterEnd: AfterEnd,
): InstanceStatus | (string & {}) | undefined {
  const { faults } = instance;
  const unlisted = faultOf(faults, 'unlisted');
  const hidden = unlisted !== undefined && (unlisted.from === undefined || ['both', by].includes(unlisted.from));
  if (hidden && now < instance.acceptedAt + unlisted.forMs) return undefined;

  if (instance.endedAt !== undefined) {
    const lingers = { ...afterEnd, ...faultOf(faults, 'lingers') };
    const visibleMs = by === 'list' ? (lingers.listedMs ?? LISTED_MS) : (lingers.gettableMs ?? GETTABLE_MS);
    if (now >= instance.endedAt + visibleMs) return undefined;
  }

  const stale = faultOf(faults, 'stale-status');
  const status = stale === undefined ? instance.status : instance.statusAt(now - stale.forMs);
  if (status !== 'active') return status;

  const unknown = faultOf(faults, 'unknown-status');
  if (unknown !== undefined && now < (instance.firstHealthyAt ?? now) + unknown.forMs) return unknown.status;

  instance.activeReads++;
  return faultOf(faults, 'status-goes-back') !== undefined && instance.activeReads === 2 ? 'booting' : status;
}
