import type { PayloadCodec } from '@temporalio/common';
import { EncryptedPayloadError, EncryptionCodec, keySource } from '../payload-encryption/index.ts';

/** What NAVARCH_PAYLOAD_KEYS holds, or a function that reads it: it is asked again, a second later at the earliest. */
export type PayloadKeys = string | (() => Promise<string>);

/**
 * For a Temporal client or worker of your own that meets our workflows: `dataConverter: { payloadCodecs: [payloadCodec(keys)] }`.
 * `NodeProvisioner.connect` has it without being told.
 */
export function payloadCodec(keys: PayloadKeys): PayloadCodec {
  return new EncryptionCodec(keysGiven(keys));
}

export function keysGiven(keys: PayloadKeys): ReturnType<typeof keySource> {
  return keySource(typeof keys === 'string' ? () => Promise.resolve(keys) : keys, { variable: 'payloadKeys' });
}

/** What Temporal answered is encrypted, and the client cannot read it; undefined: that is not the trouble. */
export function unreadableAnswer(error: unknown): string | undefined {
  if (error instanceof EncryptedPayloadError) return error.message;
  // A client that has no codec of ours at all: `NodeProvisioner.over`.
  if (error instanceof Error && error.message === 'Unknown encoding: binary/encrypted') {
    return 'a payload is encrypted, and the Temporal client that was given has no payloadCodec (NAVARCH_PAYLOAD_KEYS)';
  }
  return undefined;
}
