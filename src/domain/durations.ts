/** A span of time as callers write it: a whole number and a unit, `90s`, `15m`, `48h`, `30d`. Language-neutral, and a JSON Schema pattern. */
export const DURATION_PATTERN = /^(\d{1,9})(ms|s|m|h|d)$/;

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

export const SECOND = UNIT_MS.s;
export const MINUTE = UNIT_MS.m;
export const HOUR = UNIT_MS.h;
export const DAY = UNIT_MS.d;

/** No caller waits longer than ten years; and a time that far from now can still be written as a date, which the end of `999999999d` cannot. */
export const LONGEST_MS = 3_650 * DAY;

/** Milliseconds, or undefined when the text is not a duration. */
export function parseDuration(text: string): number | undefined {
  const match = DURATION_PATTERN.exec(text);
  if (match === null) return undefined;
  const [, count, unit] = match;
  return Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS];
}

/** For people: the two largest units, `2d 3h`, `4m 10s`; `250ms` when it is less than a second. */
export function formatDuration(ms: number): string {
  if (ms > 0 && ms < SECOND) return `${Math.ceil(ms)}ms`;
  let rest = Math.max(0, Math.round(ms / SECOND)) * SECOND;
  const parts: string[] = [];
  for (const [unit, size] of [
    ['d', DAY],
    ['h', HOUR],
    ['m', MINUTE],
    ['s', SECOND],
  ] as const) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count}${unit}`);
    else if (parts.length > 0) break;
  }
  return parts.slice(0, 2).join(' ') || '0s';
}
