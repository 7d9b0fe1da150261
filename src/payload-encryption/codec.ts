import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Payload, PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto'; // CommonJS, whose names Node cannot see
import { EncryptedPayloadError } from './errors.ts';
import type { PayloadKey } from './key-ring.ts';
import type { KeySource } from './key-source.ts';

// An encrypted payload:
//   metadata.encoding           binary/encrypted
//   metadata.encryption-key-id  which key
//   data                        nonce (12 bytes), ciphertext, tag (16 bytes) of AES-256-GCM
// What is encrypted is the whole payload as protobuf, its metadata included; the key id is authenticated with it.

export const ENCRYPTED = 'binary/encrypted';
export const KEY_ID = 'encryption-key-id';

const CIPHER = 'aes-256-gcm';
/** Random, of 96 bits: good for 2^32 payloads a key, which is more than a deployment writes in years. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Encrypts every payload with the current key. What is not encrypted is read as it is: encryption may be turned on while provisions run. */
export class EncryptionCodec implements PayloadCodec {
  readonly #keys: KeySource;

  constructor(keys: KeySource) {
    this.#keys = keys;
  }

  async encode(payloads: Payload[]): Promise<Payload[]> {
    if (payloads.length === 0) return payloads;
    const { current } = await this.#keys.ring();
    return current === undefined ? payloads : payloads.map((payload) => encrypt(payload, current));
  }

  /** @throws EncryptedPayloadError */
  async decode(payloads: Payload[]): Promise<Payload[]> {
    if (!payloads.some(isEncrypted)) return payloads;
    return Promise.all(
      payloads.map(async (payload) =>
        isEncrypted(payload) ? decrypt(payload, await this.#keys.key(keyIdOf(payload))) : payload,
      ),
    );
  }
}

function isEncrypted({ metadata }: Payload): boolean {
  return textOf(metadata?.['encoding']) === ENCRYPTED;
}

function keyIdOf({ metadata }: Payload): string {
  return textOf(metadata?.[KEY_ID]) ?? '';
}

function encrypt(payload: Payload, { id, key }: PayloadKey): Payload {
  const nonce = randomBytes(NONCE_BYTES);
  const keyId = Buffer.from(id);
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(keyId);
  const plain = proto.temporal.api.common.v1.Payload.encode(payload).finish();
  return {
    metadata: { encoding: Buffer.from(ENCRYPTED), [KEY_ID]: keyId },
    data: Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]),
  };
}

function decrypt(payload: Payload, { id, key }: PayloadKey): Payload {
  const sealed = payload.data ?? new Uint8Array();
  if (sealed.length < NONCE_BYTES + TAG_BYTES) throw unreadable(id);
  const decipher = createDecipheriv(CIPHER, key, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(id));
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  let plain: Buffer;
  try {
    plain = Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
  } catch {
    throw unreadable(id);
  }
  return proto.temporal.api.common.v1.Payload.decode(plain);
}

function unreadable(id: string): EncryptedPayloadError {
  return new EncryptedPayloadError(
    `a payload cannot be decrypted with the key "${id}": it was altered, or encrypted with another key of that id`,
  );
}

function textOf(bytes: Uint8Array | null | undefined): string | undefined {
  return bytes == null ? undefined : Buffer.from(bytes).toString();
}
