/**
 * Constants of the product are this many times shorter in these tests, and the simulated cloud runs that much faster: a settle window of ten
 * minutes takes fifteen seconds. Nothing else differs from life: a real Temporal server, real waits, real processes.
 */
export const FACTOR = 40;

/** Milliseconds of the product's time, in ours. */
export function scaled(ms: number): number {
  return Math.max(Math.round(ms / FACTOR), 1);
}
