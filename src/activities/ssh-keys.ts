/** An sshd lets a client try six times, by default. */
const MOST_KEYS = 5;

/**
 * The worker's SSH keys, the current one first. A key that is exchanged while a machine boots is still the only one which that machine takes: what
 * was read before is offered for a while, and after it what the worker was told to be the previous one.
 *
 * @param keepMs how long after its last use an older key is still offered, in milliseconds
 */
export function rememberedKeys(
  current: () => Promise<string>,
  previous: (() => Promise<string>) | undefined,
  keepMs: number,
  now: () => number = Date.now,
): () => Promise<readonly string[]> {
  const lastRead = new Map<string, number>();
  return async () => {
    const key = await current();
    // The latest stands last.
    lastRead.delete(key);
    lastRead.set(key, now());
    for (const [old, at] of lastRead) if (now() - at > keepMs) lastRead.delete(old);
    const older = previous === undefined ? [] : [await previous()];
    return [...new Set([...[...lastRead.keys()].reverse(), ...older])].slice(0, MOST_KEYS);
  };
}
