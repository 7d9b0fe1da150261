import { readPrivateKey } from '../clients/ssh/index.ts';

/** An sshd lets a client try six times, by default. */
const MOST_KEYS = 5;

/**
 * The worker's SSH keys, the current one first. A key that is exchanged while a machine boots is still the only one which that machine takes: what
 * was read before is offered for a while, and after it what the worker was told to be the previous one.
 *
 * @param keepMs how long after its last use an older key is still offered, in milliseconds
 * @throws what reading the current key throws, and UnreadablePrivateKeyError where it is no key: its file may be in the midst of an exchange
 */
export function rememberedKeys(
  current: () => Promise<string>,
  previous: (() => Promise<string>) | undefined,
  keepMs: number,
  now: () => number = () => performance.now(),
): () => Promise<readonly string[]> {
  const lastRead = new Map<string, number>();
  return async () => {
    const key = await current();
    // Half a key that was remembered would spoil every later connection.
    readPrivateKey(key);
    // The latest stands last.
    lastRead.delete(key);
    lastRead.set(key, now());
    for (const [old, at] of lastRead) if (now() - at > keepMs) lastRead.delete(old);
    const older = previous === undefined ? [] : await ifReadable(previous);
    return [...new Set([...[...lastRead.keys()].reverse(), ...older])].slice(0, MOST_KEYS);
  };
}

/** The worker said at its start if it could not read it; later, its file may be exchanged, or gone because it is no longer needed. */
async function ifReadable(previous: () => Promise<string>): Promise<readonly string[]> {
  try {
    const key = await previous();
    readPrivateKey(key);
    return [key];
  } catch {
    return [];
  }
}
