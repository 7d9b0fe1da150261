import { createSecretKey, type KeyObject } from 'node:crypto';
import { PayloadKeysError } from './errors.ts';

/** A key of AES-256, and the name by which payloads say that they were encrypted with it. */
export interface PayloadKey {
  readonly id: string;
  readonly key: KeyObject;
}

export interface KeyRing {
  /** Encrypts. Undefined: nothing is encrypted, while everything that was can be read. */
  readonly current: PayloadKey | undefined;
  /** All decrypt. */
  readonly byId: ReadonlyMap<string, PayloadKey>;
}

export const NO_KEYS: KeyRing = { current: undefined, byId: new Map() };

/**
 * In place of the first key: nothing is encrypted. Where several processes share payloads, all must be able to decrypt before the first one
 * encrypts; and those that still are encrypted can be read after encryption was turned off.
 */
const NOTHING = 'none';

/** In clear beside each payload, and part of its size: Temporal takes 400 bytes for a summary. */
const KEY_ID = /^[\w.-]{1,32}$/;
const BASE64 = /^[\w+/-]{43}=?$/;
const KEY_BYTES = 32;

/** One key a line, as `id:key`, the key in base64. The first encrypts, all decrypt. @throws PayloadKeysError naming the line */
export function parseKeyRing(text: string): KeyRing {
  const lines = text.split(/\r?\n/).map((line, index) => ({ line: line.trim(), at: `line ${index + 1}` }));
  const entries = lines.filter(({ line }) => line !== '' && !line.startsWith('#'));
  const [first] = entries;
  const isOff = first?.line === NOTHING;
  const byId = new Map<string, PayloadKey>();
  for (const { line, at } of isOff ? entries.slice(1) : entries) {
    const key = parseKey(line, at);
    if (byId.has(key.id)) throw new PayloadKeysError(`${at} has the key id of a line before it`);
    byId.set(key.id, key);
  }
  const [current] = byId.values();
  if (current === undefined) throw new PayloadKeysError('has no key in it: one a line, as id:key');
  return { current: isOff ? undefined : current, byId };
}

function parseKey(line: string, at: string): PayloadKey {
  const colon = line.indexOf(':');
  if (line === NOTHING) throw new PayloadKeysError(`${at}: none stands in the first line only`);
  if (colon < 0) throw new PayloadKeysError(`${at} is not of the form id:key`);
  const id = line.slice(0, colon).trim();
  if (!KEY_ID.test(id) || id === NOTHING) {
    throw new PayloadKeysError(
      `${at}: a key id is 1 to 32 letters, digits, dots, hyphens or underscores, and not none`,
    );
  }
  const encoded = line.slice(colon + 1).trim();
  const bytes = Buffer.from(encoded, 'base64');
  if (!BASE64.test(encoded) || bytes.length !== KEY_BYTES) {
    throw new PayloadKeysError(`${at}: the key is not the base64 of ${KEY_BYTES} bytes (openssl rand -base64 32)`);
  }
  return { id, key: createSecretKey(bytes) };
}
