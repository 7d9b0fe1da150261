import type { Random } from './random.ts';

/** Whether an offering has room at a time, in milliseconds since the start. Asked at any times, in any order. */
export interface Presence {
  at(sinceStartMs: number): boolean;
}

interface Availability {
  /** The share of time with room. */
  readonly share: number;
  /** How long a window lasts on average. */
  readonly windowMs: number;
}

/** Shares of two-minute polls with capacity on 2026-08-31, and one window of an 8x type on 2026-10-08. The rest is judgement. */
const WATCHED: readonly (readonly [pattern: RegExp, availability: Availability])[] = [
  [/^gpu_1x_a100_sxm4$/, { share: 1, windowMs: Infinity }],
  [/^gpu_1x_(h100_pcie|gh200)$/, { share: 0.72, windowMs: 25 * 60_000 }],
  [/^gpu_1x_h100_sxm5$/, { share: 0.23, windowMs: 10 * 60_000 }],
  [/^gpu_1x_b200/, { share: 0, windowMs: 0 }],
  [/^gpu_8x/, { share: 0.02, windowMs: 84_000 }],
];
const UNWATCHED: Availability = { share: 0.8, windowMs: 30 * 60_000 };

/** Alternating windows with and without room, of exponentially distributed lengths. */
export function onOffWindows(type: string, random: Random): Presence {
  const { share, windowMs } = WATCHED.find(([pattern]) => pattern.test(type))?.[1] ?? UNWATCHED;
  if (share === 0 || share === 1) return { at: () => share === 1 };

  const gapMs = (windowMs * (1 - share)) / share;
  const startsOn = random.chance(share);
  const turns: number[] = [];
  let end = 0;
  return {
    at: (sinceStartMs) => {
      while (end <= sinceStartMs) {
        const on = startsOn === (turns.length % 2 === 0);
        end += random.exponential(on ? windowMs : gapMs);
        turns.push(end);
      }
      const turned = turns.findIndex((turn) => sinceStartMs < turn);
      return startsOn === (turned % 2 === 0);
    },
  };
}
