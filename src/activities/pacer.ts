/** How far apart requests of one account are. Lambda allows one a second and one launch in twelve (section 4 of its API facts). */
export interface Pace {
  /** Between any two requests, in milliseconds. Default 1 100. */
  readonly requestIntervalMs: number;
  /** Between two launches. Default 13 000. */
  readonly launchIntervalMs: number;
}

export const DEFAULT_PACE: Pace = { requestIntervalMs: 1_100, launchIntervalMs: 13_000 };

/** Node's timers take no longer sleep, and fire at once when asked for one. */
const LONGEST_SLEEP_MS = 2 ** 31 - 1;

interface Waiter {
  readonly isLaunch: boolean;
  readonly go: () => void;
}

/**
 * The second line of P6, within this process: the first is the rate of the task queues, which the Temporal server limits for all workers
 * together. It spaces requests in the order they come, and nobody sends while Lambda has asked for a pause, those who waited already
 * included. A launch that waits for the pace of launches lets others go before it. Whoever gives up waiting uses up nothing.
 */
export class Pacer {
  readonly #pace: Pace;
  #nextRequestAt = 0;
  #nextLaunchAt = 0;
  #waiting: Waiter[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(pace: Pace) {
    this.#pace = pace;
  }

  /** Resolves when the request may go. Rejects with the signal's reason. */
  turn(isLaunch: boolean, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const onAbort = (): void => {
        this.#waiting = this.#waiting.filter((other) => other !== waiter);
        this.#letGo();
        reject(signal?.reason as Error);
      };
      const go = (): void => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      };
      const waiter: Waiter = { isLaunch, go };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiting.push(waiter);
      this.#letGo();
    });
  }

  /** Lambda said it was too much: nobody sends for so long. */
  pause(ms: number): void {
    this.#nextRequestAt = Math.max(this.#nextRequestAt, performance.now() + ms);
    this.#letGo();
  }

  /** Lets those go who may go now, and comes back when the next one may. */
  #letGo(): void {
    clearTimeout(this.#timer);
    while (this.#waiting.length > 0) {
      const now = performance.now();
      const launchesHeld = now < this.#nextLaunchAt;
      const next = now < this.#nextRequestAt ? undefined : this.#waiting.find((w) => !(w.isLaunch && launchesHeld));
      if (next === undefined) {
        const onlyLaunches = this.#waiting.every((waiter) => waiter.isLaunch);
        const at = Math.max(this.#nextRequestAt, onlyLaunches ? this.#nextLaunchAt : 0);
        this.#timer = setTimeout(() => this.#letGo(), Math.min(Math.ceil(at - now), LONGEST_SLEEP_MS));
        return;
      }
      this.#waiting = this.#waiting.filter((other) => other !== next);
      this.#nextRequestAt = now + this.#pace.requestIntervalMs;
      if (next.isLaunch) this.#nextLaunchAt = now + this.#pace.launchIntervalMs;
      next.go();
    }
  }
}
