import { describe, expect, test } from 'vitest';
import { ABSENCE_GAP_MS, SETTLE_WINDOW_MS } from '../../../src/domain/deadlines.ts';
import { MINUTE, SECOND } from '../../../src/domain/durations.ts';
import { absent, seen, type AbsenceVerdict, type Evidence } from '../../../src/domain/proof-of-absence.ts';

const LAUNCHED = Date.UTC(2026, 9, 8);
const WINDOW_ENDS = LAUNCHED + SETTLE_WINDOW_MS;
const NEVER_SEEN: Evidence = { launchEndedAt: LAUNCHED };

function evidenceOf(verdict: AbsenceVerdict): Evidence {
  if (verdict.kind === 'gone') throw new Error('gone already');
  return verdict.evidence;
}

describe('an instance that was never seen', () => {
  test('is not gone within the settle window, however often it is missing: it may only not be listed yet', () => {
    let evidence = NEVER_SEEN;
    for (let at = LAUNCHED; at < WINDOW_ENDS; at += 20 * SECOND) {
      const verdict = absent(evidence, at);
      expect(verdict).toMatchObject({ kind: 'look_again', at: WINDOW_ENDS });
      evidence = evidenceOf(verdict);
    }
    expect(evidence).toEqual(NEVER_SEEN);
  });

  test('is gone by two absences a gap apart, both begun after the window', () => {
    const first = absent(NEVER_SEEN, WINDOW_ENDS);
    expect(first).toMatchObject({ kind: 'look_again', at: WINDOW_ENDS + ABSENCE_GAP_MS });
    expect(absent(evidenceOf(first), WINDOW_ENDS + ABSENCE_GAP_MS)).toEqual({ kind: 'gone' });
  });

  test('is not gone by one absence, however late', () => {
    expect(absent(NEVER_SEEN, WINDOW_ENDS + 30 * MINUTE)).toMatchObject({ kind: 'look_again' });
  });

  test('is not gone by two absences of one moment', () => {
    const evidence = evidenceOf(absent(NEVER_SEEN, WINDOW_ENDS));
    const soon = absent(evidence, WINDOW_ENDS + ABSENCE_GAP_MS - 1);
    expect(soon).toMatchObject({ kind: 'look_again', at: WINDOW_ENDS + ABSENCE_GAP_MS });
    expect(evidenceOf(soon)).toEqual(evidence);
  });
});

describe('an instance that was seen', () => {
  const SEEN_AT = LAUNCHED + 5 * MINUTE;
  const SEEN = seen(NEVER_SEEN, SEEN_AT);

  test('needs no settle window: lists have known it', () => {
    const first = absent(SEEN, SEEN_AT + ABSENCE_GAP_MS);
    expect(absent(evidenceOf(first), SEEN_AT + 2 * ABSENCE_GAP_MS)).toEqual({ kind: 'gone' });
    expect(SEEN_AT + ABSENCE_GAP_MS).toBeLessThan(WINDOW_ENDS);
  });

  test('and is missing a moment later is not on the way to be gone: one stale answer looks like that', () => {
    const soon = absent(SEEN, SEEN_AT + ABSENCE_GAP_MS - 1);
    expect(soon).toEqual({ kind: 'look_again', at: SEEN_AT + ABSENCE_GAP_MS, evidence: SEEN });
  });

  test('and seen again makes every absence before void', () => {
    const once = evidenceOf(absent(SEEN, SEEN_AT + 10 * MINUTE));
    const again = seen(once, SEEN_AT + 12 * MINUTE);
    expect(again).toEqual({ launchEndedAt: LAUNCHED, lastSeenAt: SEEN_AT + 12 * MINUTE });
    const first = absent(again, SEEN_AT + 20 * MINUTE);
    expect(first).toMatchObject({ kind: 'look_again' });
  });

  test('and seen again makes them void even where evidence was pieced together by hand and still carries one', () => {
    const stale = { ...SEEN, firstAbsentAt: SEEN_AT - 10 * MINUTE };
    const first = absent(stale, SEEN_AT + ABSENCE_GAP_MS);
    expect(first).toMatchObject({ kind: 'look_again', evidence: { firstAbsentAt: SEEN_AT + ABSENCE_GAP_MS } });
    expect(absent(evidenceOf(first), SEEN_AT + 2 * ABSENCE_GAP_MS)).toEqual({ kind: 'gone' });
  });
});

describe('a look that waited for its place in the budget', () => {
  test('counts from its end: else the second could follow it at once', () => {
    const first = absent(NEVER_SEEN, WINDOW_ENDS, WINDOW_ENDS + 5 * MINUTE);
    const earliest = WINDOW_ENDS + 5 * MINUTE + ABSENCE_GAP_MS;
    expect(first).toMatchObject({ kind: 'look_again', at: earliest });
    expect(absent(evidenceOf(first), WINDOW_ENDS + 5 * MINUTE + SECOND)).toMatchObject({ kind: 'look_again' });
    expect(absent(evidenceOf(first), earliest)).toEqual({ kind: 'gone' });
  });

  test('and began within the settle window does not count, although it ended after it', () => {
    const early = absent(NEVER_SEEN, WINDOW_ENDS - 1, WINDOW_ENDS + 5 * MINUTE);
    expect(early).toEqual({ kind: 'look_again', at: WINDOW_ENDS, evidence: NEVER_SEEN });
  });
});

describe('whatever happens in whatever order', () => {
  interface Look {
    readonly begunAt: number;
    readonly endedAt: number;
    readonly found: boolean;
  }

  /** P12 said again, over the whole story instead of step by step: is the last look proof? */
  function isProof(launchEndedAt: number, looks: readonly Look[]): boolean {
    const lastSighting = looks.findLastIndex((look) => look.found);
    const seenAt = looks[lastSighting]?.endedAt;
    const countsFrom = seenAt === undefined ? launchEndedAt + SETTLE_WINDOW_MS : seenAt + ABSENCE_GAP_MS;
    const absences = looks.slice(lastSighting + 1).filter((look) => look.begunAt >= countsFrom);
    const last = looks.at(-1);
    const first = absences[0];
    if (last === undefined || first === undefined || last.found || last.begunAt < countsFrom) return false;
    return last.begunAt - first.endedAt >= ABSENCE_GAP_MS;
  }

  /** mulberry32 */
  function randomOf(seed: number): () => number {
    let state = seed;
    return () => {
      state = (state + 0x6d2b79f5) | 0;
      let t = Math.imul(state ^ (state >>> 15), 1 | state);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
    };
  }

  test('it is gone exactly when P12 says so, and looking when told is never a look too many', () => {
    const verdicts = { gone: 0, look_again: 0 };
    for (let seed = 1; seed <= 3_000; seed += 1) {
      const random = randomOf(seed);
      const looks: Look[] = [];
      let evidence: Evidence = { launchEndedAt: LAUNCHED };
      let now = LAUNCHED;
      let told: number | undefined;
      for (let step = 0; step < 12; step += 1) {
        // Half of the looks come when they were told to, the others whenever.
        const obedient = told !== undefined && random() < 0.5;
        now = obedient && told !== undefined ? Math.max(now, told) : now + Math.floor(random() * 6 * MINUTE);
        const look = { begunAt: now, endedAt: now + Math.floor(random() ** 4 * 5 * MINUTE), found: random() < 0.15 };
        now = look.endedAt;
        looks.push(look);
        if (look.found) {
          evidence = seen(evidence, look.endedAt);
          told = undefined;
          continue;
        }
        const verdict = absent(evidence, look.begunAt, look.endedAt);
        verdicts[verdict.kind] += 1;
        expect(verdict.kind === 'gone', `seed ${seed}, look ${step}`).toBe(isProof(LAUNCHED, looks));
        if (verdict.kind === 'gone') break;
        // Told to come back only for a look that brings the proof nearer.
        expect(verdict.at, `seed ${seed}, look ${step}`).toBeGreaterThan(look.begunAt);
        evidence = verdict.evidence;
        told = verdict.at;
      }
    }
    expect(verdicts.gone).toBeGreaterThan(500);
    expect(verdicts.look_again).toBeGreaterThan(2_000);
  });
});
