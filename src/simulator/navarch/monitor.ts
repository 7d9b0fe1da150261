import type { Clock } from '../clock.ts';
import type { ControlPlane } from './control-plane.ts';

/**
 * How long after its simulated moment a judgement on silent agents is passed, in real milliseconds. When the clock is moved by hand, or
 * runs much faster than the host can, agents wake late; they must have their say first.
 */
const GRACE_REAL_MS = 150;

/** Looks for silent nodes every `intervalMs` of simulated time. Returns the way to stop it. */
export function watchForSilence(
  plane: ControlPlane,
  clock: Clock,
  options: { readonly intervalMs: number; readonly timeoutMs: number },
): () => void {
  let judgement: NodeJS.Timeout | undefined;
  const tick = (): void => {
    judgement ??= setTimeout(() => {
      judgement = undefined;
      plane.judgeSilence(options.timeoutMs);
    }, GRACE_REAL_MS);
    cancel = clock.after(options.intervalMs, tick);
  };
  let cancel = clock.after(options.intervalMs, tick);
  return () => {
    cancel();
    clearTimeout(judgement);
  };
}
