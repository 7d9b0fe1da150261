import { ABSENCE_GAP_MS, SETTLE_WINDOW_MS } from './deadlines.ts';

// P12. An instance is gone when the provider says so (terminated, preempted), or when its absence is proven:
//   1. It was seen before: the first absence counts only a gap after the last sighting, the second a gap after the first.
//   2. Only the launch's answer named it, or nothing did: the first absence counts only after the settle window.
//   3. An absence is a complete list without it and, where an id is known, a 404 by that id. One of the two is nothing.
//   4. Seen again: everything before is void.
// That the key which looked belongs to the same account is for the caller to prove.

/** What is known of an instance that is not seen now. Times in milliseconds since the epoch. */
export interface Evidence {
  /** When the launch's outcome became unknown, or its answer came: the settle window starts here. */
  readonly launchEndedAt: number;
  readonly lastSeenAt?: number;
  /** When the first look that counts and did not see it had been answered. */
  readonly firstAbsentAt?: number;
}

export type AbsenceVerdict =
  | { readonly kind: 'gone' }
  /** Not proven: look again at this time. */
  | { readonly kind: 'look_again'; readonly at: number; readonly evidence: Evidence };

/** It was seen, at this time. */
export function seen(evidence: Evidence, at: number): Evidence {
  return { launchEndedAt: evidence.launchEndedAt, lastSeenAt: at };
}

/**
 * It was not seen by looks that all began at or after `begunAt` and had all been answered by `endedAt`. A look may wait minutes for its place
 * in the request budget: two absences are as far apart as the end of the first is from the beginning of the second.
 */
export function absent(evidence: Evidence, begunAt: number, endedAt: number = begunAt): AbsenceVerdict {
  const { lastSeenAt, launchEndedAt } = evidence;
  const counts = lastSeenAt === undefined ? launchEndedAt + SETTLE_WINDOW_MS : lastSeenAt + ABSENCE_GAP_MS;
  if (begunAt < counts) return { kind: 'look_again', at: counts, evidence };
  // One from before the last sighting is void, whoever kept it in the evidence (rule 4).
  const firstAbsentAt =
    evidence.firstAbsentAt === undefined || evidence.firstAbsentAt < counts ? undefined : evidence.firstAbsentAt;
  if (firstAbsentAt === undefined) {
    return { kind: 'look_again', at: endedAt + ABSENCE_GAP_MS, evidence: { ...evidence, firstAbsentAt: endedAt } };
  }
  if (begunAt < firstAbsentAt + ABSENCE_GAP_MS) {
    return { kind: 'look_again', at: firstAbsentAt + ABSENCE_GAP_MS, evidence };
  }
  return { kind: 'gone' };
}
