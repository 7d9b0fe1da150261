import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_MS = 200;

/** Waits for a state of the world. @throws Error naming it when it does not come in time; the signal's reason when aborted */
export async function until(
  what: string,
  {
    withinMs,
    signal,
    everyMs = LOOK_MS,
  }: { readonly withinMs: number; readonly signal: AbortSignal; readonly everyMs?: number },
  isSo: () => boolean | Promise<boolean>,
): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`not within ${Math.round(withinMs / 1_000)} s: ${what}`);
    await sleep(everyMs, undefined, { signal });
  }
}
