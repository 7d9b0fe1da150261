import ssh2 from 'ssh2';
import type { ParsedKey } from 'ssh2';
import sshpk from 'sshpk';
import { fingerprintOf } from './fingerprint.ts';

/**
 * A private key that cannot be used. The message says why and what to do; neither it nor a cause carries anything of the key's
 * text, so that both may be logged.
 */
export class UnreadablePrivateKeyError extends Error {
  override readonly name = 'UnreadablePrivateKeyError';

  constructor(why: string, whatToDo: string) {
    super(`unreadable SSH private key: ${why}; ${whatToDo}`);
  }
}

/** A private key that has been read; nothing of it shows when it is printed. */
export interface PrivateKey {
  /** In a form that ssh2 reads. Secret. */
  readonly text: string;
  readonly publicKey: PublicKey;
}

export interface PublicKey {
  /** One line, `<type> <base64>`, as in authorized_keys. */
  readonly openSsh: string;
  /** As `ssh-keygen -l` prints it: `SHA256:…`. */
  readonly fingerprint: string;
}

/**
 * A worker has one key, or a few that replaced each other, and reads it for every connection; from PKCS#8 that takes ten milliseconds of a
 * core, more than all the rest of a connection.
 */
const MOST_REMEMBERED = 10;
const remembered = new Map<string, PrivateKey>();

/**
 * Reads a private key in OpenSSH, PEM (PKCS#1, SEC1) or PKCS#8 form.
 *
 * @throws UnreadablePrivateKeyError
 */
export function readPrivateKey(text: string): PrivateKey {
  const known = remembered.get(text);
  if (known !== undefined) return known;
  const key = read(text);
  if (remembered.size >= MOST_REMEMBERED) remembered.clear();
  remembered.set(text, key);
  return key;
}

function read(text: string): PrivateKey {
  if (text.trim() === '') {
    throw new UnreadablePrivateKeyError('it is empty', 'give an OpenSSH or PEM key');
  }
  const form = isPkcs8(text) ? fromPkcs8(text) : text;
  const key = parse(form);
  if (!key.isPrivateKey()) {
    throw new UnreadablePrivateKeyError('it is a public key', 'give the private half, the file without .pub');
  }
  const wire = key.getPublicSSH();
  const publicKey = { openSsh: `${key.type} ${wire.toString('base64')}`, fingerprint: fingerprintOf(wire) };
  return Object.defineProperty({ text: form, publicKey }, 'text', { enumerable: false });
}

/**
 * The public half of a private key.
 *
 * @throws UnreadablePrivateKeyError
 */
export function publicKeyOf(privateKey: string): PublicKey {
  return readPrivateKey(privateKey).publicKey;
}

function parse(text: string): ParsedKey {
  // ssh2 answers with an array where a file can hold several keys, which its types do not say.
  const parsed = ssh2.utils.parseKey(text) as ParsedKey | Error | ParsedKey[];
  const key = Array.isArray(parsed) ? parsed[0] : parsed;
  if (key === undefined || key instanceof Error) {
    if (/encrypted|passphrase/i.test(key?.message ?? '')) throw encrypted();
    throw new UnreadablePrivateKeyError('its format is not known, or it is damaged', 'give an OpenSSH or PEM key');
  }
  return key;
}

function isPkcs8(text: string): boolean {
  if (text.includes('-----BEGIN ENCRYPTED PRIVATE KEY-----')) throw encrypted();
  return text.includes('-----BEGIN PRIVATE KEY-----');
}

/** ssh2 does not read PKCS#8, which is what openssl writes. */
function fromPkcs8(text: string): string {
  try {
    return sshpk.parsePrivateKey(text, 'pkcs8').toString('ssh-private');
  } catch {
    // What sshpk says may quote the key, so it is not passed on.
    throw new UnreadablePrivateKeyError('it is a damaged PKCS#8 key', 'give an OpenSSH or PEM key');
  }
}

function encrypted(): UnreadablePrivateKeyError {
  return new UnreadablePrivateKeyError(
    'it is encrypted, and encrypted keys are not supported',
    'give a key without a passphrase (ssh-keygen -p removes it)',
  );
}
