import { createPrivateKey, createPublicKey, hkdfSync } from 'node:crypto';
import { fingerprintOf } from './fingerprint.ts';

/** Separates these keys from anything else that may one day be derived from the same secret. Changing it changes every host key. */
const PURPOSE = 'navarch-provisioner ssh host key v1';
const ALGORITHM = 'ssh-ed25519';
/** RFC 8410: a PKCS#8 ed25519 key is these bytes and then the 32 of the seed. */
const PKCS8_BEFORE_SEED = Buffer.from('302e020100300506032b657004220420', 'hex');

export interface HostKey {
  /** What goes to the machine as ssh_host_ed25519_key. Secret. */
  readonly privateKeyOpenSsh: string;
  /** One line, `ssh-ed25519 <base64>`. */
  readonly publicKeyOpenSsh: string;
  /** `SHA256:…`; may be recorded anywhere. */
  readonly fingerprint: string;
}

/**
 * The ed25519 host key that belongs to a secret and a salt: the same two always give the same three texts, so whoever holds the
 * secret can name a machine's key before the machine exists, and again later, without having stored it.
 *
 * @param options.secret must not be guessable; it is all that protects every key derived from it.
 * @param options.salt makes the key this machine's own. Not secret.
 * @throws TypeError when either is empty.
 */
export function deriveHostKey(options: { readonly secret: Buffer | string; readonly salt: string }): HostKey {
  if (options.secret.length === 0) throw new TypeError('secret: must not be empty');
  if (options.salt === '') throw new TypeError('salt: must not be empty');
  const seed = Buffer.from(hkdfSync('sha256', options.secret, options.salt, PURPOSE, 32));
  const point = publicPointOf(seed);
  const publicKey = Buffer.concat([field(ALGORITHM), field(point)]);
  return {
    privateKeyOpenSsh: openSshPrivateKey(seed, point, publicKey),
    publicKeyOpenSsh: `${ALGORITHM} ${publicKey.toString('base64')}`,
    fingerprint: fingerprintOf(publicKey),
  };
}

function publicPointOf(seed: Buffer): Buffer {
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8_BEFORE_SEED, seed]), format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  return spki.subarray(-32);
}

/**
 * The file that sshd reads, as OpenSSH's PROTOCOL.key describes it, without a passphrase. Written here because sshpk puts a random
 * number into it, and the same key would be another text on each worker and each try.
 */
function openSshPrivateKey(seed: Buffer, point: Buffer, publicKey: Buffer): string {
  // Both numbers only have to be equal: after a decryption, a difference would show a wrong passphrase.
  const check = publicKey.subarray(-4);
  const secret = [check, check, publicKey, field(Buffer.concat([seed, point])), field('')];
  const unpadded = Buffer.concat(secret);
  const padding = Buffer.from([1, 2, 3, 4, 5, 6, 7].slice(0, (8 - (unpadded.length % 8)) % 8));
  const file = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    field('none'), // cipher
    field('none'), // key derivation
    field(''), // its options
    uint32(1), // number of keys
    field(publicKey),
    field(Buffer.concat([unpadded, padding])),
  ]);
  const lines = file.toString('base64').match(/.{1,70}/g) ?? [];
  return ['-----BEGIN OPENSSH PRIVATE KEY-----', ...lines, '-----END OPENSSH PRIVATE KEY-----', ''].join('\n');
}

/** RFC 4251 `string`: its length, then its bytes. */
function field(content: Buffer | string): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([uint32(bytes.length), bytes]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
