import { faultOf, type HiddenFrom } from './faults/instance-faults.ts';
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

type Read = 'list' | 'get';

/** Whether such a read shows the instance at all (§8.23): not yet, not just now, and not any more are all possible. */
export function isVisible(instance: Instance, by: Read, now: number, afterEnd: AfterEnd): boolean {
  if (isHidden(instance, by, now)) return false;
  if (instance.endedAt === undefined) return true;
  const lingers = { ...afterEnd, ...faultOf(instance.faults, 'lingers') };
  const visibleMs = by === 'list' ? (lingers.listedMs ?? LISTED_MS) : (lingers.gettableMs ?? GETTABLE_MS);
  return now < instance.endedAt + visibleMs;
}

/** What a read shows of an instance: perhaps nothing, or an old status. Reads by list and by id may disagree. */
export function statusSeen(
  instance: Instance,
  by: Read,
  now: number,
  afterEnd: AfterEnd,
): InstanceStatus | (string & {}) | undefined {
  if (!isVisible(instance, by, now, afterEnd)) return undefined;
  const { faults } = instance;
  const stale = faultOf(faults, 'stale-status');
  const status = stale === undefined ? instance.status : instance.statusAt(now - stale.forMs);
  if (status !== 'active') return status;

  const unknown = faultOf(faults, 'unknown-status');
  if (unknown !== undefined && now < (instance.firstHealthyAt ?? now) + unknown.forMs) return unknown.status;

  instance.activeReads++;
  return faultOf(faults, 'status-goes-back') !== undefined && instance.activeReads === 2 ? 'booting' : status;
}

function isHidden({ acceptedAt, faults, hiddenFrom }: Instance, by: Read, now: number): boolean {
  const concerns = (from: HiddenFrom = 'both'): boolean => from === 'both' || from === by;
  if (hiddenFrom !== undefined && concerns(hiddenFrom)) return true;
  const age = now - acceptedAt;
  return faults.some((fault) => {
    if (fault.kind === 'unlisted') return concerns(fault.from) && age < fault.forMs;
    if (fault.kind !== 'vanishes') return false;
    return concerns(fault.from) && fault.afterMs <= age && age < fault.afterMs + fault.forMs;
  });
}
