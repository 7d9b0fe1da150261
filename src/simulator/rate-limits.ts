import type { Clock } from './clock.ts';

/** Lambda's limits per account, in simulated time (§8.10): so long between two requests, and between two launches. */
export interface RateLimits {
  /** Default 1 000. */
  readonly requestIntervalMs?: number;
  /** Default 12 000. */
  readonly launchIntervalMs?: number;
  /** What a 429 says; nobody documents it. Default 'json'. */
  readonly body?: RateLimitBody;
  /** Sends Retry-After with so many seconds. Absent by default, as nobody has seen one. */
  readonly retryAfterSeconds?: number;
}

export type RateLimitBody = 'json' | 'cloudflare' | 'empty';

const REQUEST_INTERVAL_MS = 1000;
const LAUNCH_INTERVAL_MS = 12_000;

/** One account's budget. A refused request costs nothing. */
export class RateLimiter {
  readonly #clock: Clock;
  #requestIntervalMs = 0;
  #launchIntervalMs = 0;
  #nextRequestAt = -Infinity;
  #nextLaunchAt = -Infinity;

  constructor(clock: Clock, limits: RateLimits | 'off') {
    this.#clock = clock;
    this.set(limits);
  }

  /** From the next request on. What was admitted until now is forgotten. */
  set(limits: RateLimits | 'off'): void {
    this.#requestIntervalMs = limits === 'off' ? 0 : (limits.requestIntervalMs ?? REQUEST_INTERVAL_MS);
    this.#launchIntervalMs = limits === 'off' ? 0 : (limits.launchIntervalMs ?? LAUNCH_INTERVAL_MS);
    this.#nextRequestAt = -Infinity;
    this.#nextLaunchAt = -Infinity;
  }

  /** True when the request may pass; it is then counted. */
  admit(isLaunch: boolean): boolean {
    const now = this.#clock.now();
    if (now < this.#nextRequestAt || (isLaunch && now < this.#nextLaunchAt)) return false;
    this.#nextRequestAt = now + this.#requestIntervalMs;
    if (isLaunch) this.#nextLaunchAt = now + this.#launchIntervalMs;
    return true;
  }
}
