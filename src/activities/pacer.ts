/** How far apart requests of one account are. Lambda allows one a second and one launch in twelve (section 4 of its API facts). */
export interface Pace {
  /** Between any two requests, in milliseconds. Default 1 100. */
  readonly requestIntervalMs: number;
  /** Between two launches. Default 13 000. */
  readonly launchIntervalMs: number;
}

export const DEFAULT_PACE: Pace = { requestIntervalMs: 1_100, launchIntervalMs: 13_000 };

/**
 * The second line of P6, within this process: the first is the rate of the task queues, which the Temporal server limits for all workers
 * together. It spaces requests in the order they come, and everybody waits when Lambda has answered 429.
 */
export class Pacer {
  readonly #pace: Pace;
  #nextRequestAt = 0;
  #nextLaunchAt = 0;

  constructor(pace: Pace) {
    this.#pace = pace;
  }

  /** Resolves when the request may go. Rejects with the signal's reason. */
  async turn(isLaunch: boolean, signal?: AbortSignal): Promise<void> {
    const now = performance.now();
    const at = Math.max(now, this.#nextRequestAt, isLaunch ? this.#nextLaunchAt : 0);
    this.#nextRequestAt = at + this.#pace.requestIntervalMs;
    if (isLaunch) this.#nextLaunchAt = at + this.#pace.launchIntervalMs;
    if (at > now) await sleep(at - now, signal);
  }

  /** Lambda said it was too much: nobody sends for so long. */
  pause(ms: number): void {
    this.#nextRequestAt = Math.max(this.#nextRequestAt, performance.now() + ms);
  }
}

function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
