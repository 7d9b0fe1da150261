import { EncryptedPayloadError, PayloadKeysError } from './errors.ts';
import { NO_KEYS, parseKeyRing, type KeyRing, type PayloadKey } from './key-ring.ts';

// P8. The keys are read again at use, so that they are rotated without a restart. Each payload is a use, and a busy worker has hundreds a
// second: a look is good for one second. A payload of a key that is not known yet is looked for at once.
//
// Once there were keys, there are keys: a file that is empty or away just then is being exchanged, and what runs goes on with those that
// were read last. Without them a worker could neither say what failed nor keep what it did.

const FRESH_FOR_MS = 1_000;

/** The variable that holds them; or, with `_FILE`, the path of a file that does. */
export const KEYS = 'NAVARCH_PAYLOAD_KEYS';

export interface KeySource {
  /** @throws PayloadKeysError or what reading throws, as long as nothing was ever read. */
  ring(): Promise<KeyRing>;
  /** @throws EncryptedPayloadError: there is no key of that id */
  key(id: string): Promise<PayloadKey>;
}

export interface KeySourceOptions {
  /** Where the keys come from, for errors. Default: NAVARCH_PAYLOAD_KEYS. */
  readonly variable?: string;
  /** Told once when the keys cannot be read again, and those read last go on being used. */
  readonly onTrouble?: (error: Error) => void;
}

/** @param read the text with the keys, now; undefined: there are none, and an encrypted payload is an error */
export function keySource(
  read: (() => Promise<string>) | undefined,
  { variable = KEYS, onTrouble = () => undefined }: KeySourceOptions = {},
): KeySource {
  let known: KeyRing | undefined;
  let lookedAt = -Infinity;
  let looking: Promise<KeyRing> | undefined;
  let isTold = false;

  async function look(): Promise<KeyRing> {
    if (read === undefined) return NO_KEYS;
    try {
      known = ringFrom(await read(), variable);
      isTold = false;
    } catch (error) {
      if (known === undefined || !(error instanceof Error)) throw error;
      if (!isTold) onTrouble(error);
      isTold = true;
    }
    lookedAt = performance.now();
    return known;
  }

  async function lookOnce(): Promise<KeyRing> {
    looking ??= look().finally(() => (looking = undefined));
    return looking;
  }

  async function ring(): Promise<KeyRing> {
    if (read === undefined) return NO_KEYS; // of most workers: each payload comes by here
    if (known !== undefined && performance.now() - lookedAt < FRESH_FOR_MS) return known;
    return lookOnce();
  }

  return {
    ring,
    async key(id) {
      const found = (await ring()).byId.get(id) ?? (await lookOnce()).byId.get(id);
      if (found !== undefined) return found;
      throw new EncryptedPayloadError(`a payload is encrypted with the key ${shownId(id)}, which ${whyNot(read)}`);
    },
  };
}

function whyNot(read: unknown): string {
  return read === undefined
    ? `this process does not have: ${KEYS}_FILE is not set (nor ${KEYS})`
    : `is not among its ${KEYS}`;
}

/** It comes out of the payload, and may be anything. */
function shownId(id: string): string {
  return JSON.stringify(id.length <= 64 ? id : `${id.slice(0, 63)}…`);
}

function ringFrom(text: string, variable: string): KeyRing {
  try {
    return parseKeyRing(text);
  } catch (error) {
    throw error instanceof PayloadKeysError ? new PayloadKeysError(`${variable}: ${error.message}`) : error;
  }
}
