import { afterAll, describe, expect, test } from 'vitest';
import type { FaultPlan } from '../../src/simulator/index.ts';
import type { Strike } from './harness/plan.ts';
import { slotPool } from './harness/pool.ts';

// Proof (c), the cloud's part: whatever Lambda answers to a terminate, or shows of an instance that is being ended, undoing goes on until
// nothing is left. That each step of an undo fails, and is repeated, activity-fails and activity-repeats show.

const pool = slotPool();
afterAll(() => pool.close());

const LOST = { kind: 'lost-answer' } as const;
const SHORT_429 = { kind: 'rate-limited', retryAfterSeconds: 1 } as const;

const WEATHER: Readonly<Record<string, FaultPlan>> = {
  'is refused with 429, thrice': [{ on: 'terminate', times: 3, do: SHORT_429 }],
  'is refused with 500, thrice': [{ on: 'terminate', times: 3, do: { kind: 'error', status: 500 } }],
  'meets a gateway that is away': [{ on: 'terminate', times: 3, do: { kind: 'error', status: 502, body: 'html' } }],
  'is cut off before it had an effect': [{ on: 'terminate', times: 2, do: { kind: 'reset' } }],
  'is not answered, and had no effect': [{ on: 'terminate', times: 2, do: { kind: 'no-answer' } }],
  'works, and its answer is cut off': [{ on: 'terminate', nth: 1, do: { ...LOST, as: { answer: 'reset' } } }],
  'works, and is not answered': [{ on: 'terminate', nth: 1, do: { ...LOST, as: { answer: 'never' } } }],
  'works, and is answered 504': [{ on: 'terminate', nth: 1, do: { ...LOST, as: { answer: 'error', status: 504 } } }],
  'works, and is answered with nothing': [{ on: 'terminate', nth: 1, do: { ...LOST, as: { answer: 'empty' } } }],
  'is accepted, names nobody and does nothing': [{ on: 'terminate', times: 3, do: { kind: 'not-echoed' } }],
  'is accepted twice and not applied': [{ on: 'instance', do: { kind: 'terminate-not-applied', times: 2 } }],
  'is unknown the second time': [
    { on: 'terminate', nth: 1, do: { ...LOST, as: { answer: 'error', status: 500 } } },
    { on: 'instance', do: { kind: 'second-terminate', answer: 'unknown' } },
  ],
  'is 404 the second time': [
    { on: 'terminate', nth: 1, do: { ...LOST, as: { answer: 'error', status: 500 } } },
    { on: 'instance', do: { kind: 'second-terminate', answer: 'not-found' } },
  ],
  'takes half an hour': [{ on: 'instance', do: { kind: 'stuck-terminating', forMs: 30 * 60_000 } }],
  'leaves no trace at once': [{ on: 'instance', do: { kind: 'lingers', listedMs: 0, gettableMs: 0 } }],
  'is seen late': [{ on: 'instance', do: { kind: 'stale-status', forMs: 60_000 } }],
  'is followed by reads that fail': [
    { on: 'get', probability: 0.5, do: { kind: 'error', status: 503, body: 'text' } },
    { on: 'list', probability: 0.5, do: { kind: 'error', status: 503, body: 'text' } },
  ],
  'is followed by 404 for four minutes, while it lives': [
    { on: 'terminate', times: 1, do: { kind: 'not-echoed' } },
    { on: 'instance', do: { kind: 'vanishes', afterMs: 90_000, forMs: 4 * 60_000 } },
  ],
};

const CANCEL: readonly Strike[] = [
  { at: { workflow: 'provisionNode', activity: 'runBootstrap', nth: 1 }, when: 'before', do: 'cancel' },
];

describe.concurrent.each([
  { undone: 'a provision that is cancelled', strikes: CANCEL, ends: 'cancelled' },
  { undone: 'a kept node that is ended', strikes: [], ends: 'completed' },
])('of $undone', ({ strikes, ends }) => {
  test.each(Object.entries(WEATHER))('the terminate %s: nothing is left', async (_, faults) => {
    const { provision } = await pool.play({ seed: 5, faults, strikes, stayMs: 500 });
    expect(provision).toBe(ends);
  });
});
