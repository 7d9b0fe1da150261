import { BRAKE_COUNT, type LedgerEntry } from './orphan-verdict.ts';

// What one sweep notes for the next. It is ours to ourselves, and may come from an older or newer version: what cannot be read counts as not
// noted, which makes the sweeper slower, never rasher.

/** Entries by instance id. */
export type Entries = Readonly<Record<string, LedgerEntry>>;

const TIMES = ['ownedAt', 'ownerlessSince', 'askedAt', 'firstAbsentAt'] as const;

export function readEntries(value: unknown): Entries {
  if (typeof value !== 'object' || value === null) return {};
  const entries = Object.entries(value).flatMap(([instanceId, entry]) => {
    const { listedAt, accountKeyId, ...times } = (typeof entry === 'object' && entry !== null ? entry : {}) as Record<
      string,
      unknown
    >;
    if (typeof listedAt !== 'number') return [];
    const known = TIMES.flatMap((key) => (typeof times[key] === 'number' ? [[key, times[key]] as const] : []));
    const account = typeof accountKeyId === 'string' ? { accountKeyId } : {};
    return [[instanceId, { listedAt, ...Object.fromEntries(known), ...account } satisfies LedgerEntry] as const];
  });
  return Object.fromEntries(entries);
}

/**
 * First sightings were noted with the time before the list was asked for (`at`); they were made after it, by `listedBy` at the latest. The
 * gap to the second sighting counts from there.
 */
export function sightedBy(entries: Entries, at: number, listedBy: number): Entries {
  return Object.fromEntries(
    Object.entries(entries).map(([instanceId, entry]) => [
      instanceId,
      entry.ownerlessSince === at ? { ...entry, ownerlessSince: listedBy } : entry,
    ]),
  );
}

export function withEntry(entries: Entries, instanceId: string, change: Partial<LedgerEntry>): Entries {
  const entry = entries[instanceId];
  return entry === undefined ? entries : { ...entries, [instanceId]: { ...entry, ...change } };
}

export function withoutEntry(entries: Entries, instanceId: string): Entries {
  return Object.fromEntries(Object.entries(entries).filter(([id]) => id !== instanceId));
}

/** Why a sweep must not end so many; undefined: it may. `allowed`: what a person has allowed after a look. */
export function brake(orphans: number, alive: number, allowed: number | undefined): string | undefined {
  if (orphans <= BRAKE_COUNT || orphans <= alive / 2 || orphans <= (allowed ?? 0)) return undefined;
  return `${orphans} of our ${alive} live instances seem to have no owner, which is more likely wrong than right: look at them (sweep --dry-run), then allow it (sweep --allow ${orphans})`;
}
