import { InodeFile } from '../files/inode-file.ts';
import type { OpenFile } from '../io/open-file.ts';
import type { Clock } from '../../clock.ts';

/** How often a waiting `flock` looks again. */
const LOOK_EVERY_MS = 200;

/** Advisory locks on files. A lock belongs to an open file, and ends when that is closed everywhere. */
export class FileLocks {
  readonly #held = new Map<number, OpenFile>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes the lock of the file; false if somebody else holds it for longer than `waitMs` (undefined: wait as long as it takes). */
  async take(file: OpenFile, waitMs: number | undefined, signal: AbortSignal): Promise<boolean> {
    const until = waitMs === undefined ? Infinity : this.#clock.now() + waitMs;
    while (!this.#tryTake(file)) {
      if (this.#clock.now() >= until) return false;
      await this.#clock.sleep(LOOK_EVERY_MS, signal);
    }
    return true;
  }

  release(file: OpenFile): void {
    const key = keyOf(file);
    if (this.#held.get(key) === file) this.#held.delete(key);
  }

  #tryTake(file: OpenFile): boolean {
    const key = keyOf(file);
    const holder = this.#held.get(key);
    if (holder !== undefined && holder !== file && !holder.isClosed) return false;
    this.#held.set(key, file);
    return true;
  }
}

function keyOf(file: OpenFile): number {
  return file instanceof InodeFile ? file.inode.ino : 0;
}
