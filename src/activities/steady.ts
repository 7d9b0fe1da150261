import { beating } from './activity-loop.ts';
import { translated } from './failures.ts';

/**
 * A step that may wait for its place in the budget, and then asks many questions: Temporal hears from it all the while, and so notices soon
 * when its worker is gone.
 */
export function steady<Args extends unknown[], R>(run: (...args: Args) => Promise<R>): (...args: Args) => Promise<R> {
  return translated((...args) =>
    beating(
      () => undefined,
      () => run(...args),
    ),
  );
}
