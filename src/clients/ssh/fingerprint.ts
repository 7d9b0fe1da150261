import { createHash, timingSafeEqual } from 'node:crypto';

/** `SHA256:` and the base64 of 32 bytes without padding: what `ssh-keygen -l` prints. */
const FORM = /^SHA256:[A-Za-z0-9+/]{43}$/;

/** The OpenSSH fingerprint of a public key in its wire form (the base64 part of a `.pub` line, decoded). */
export function fingerprintOf(publicKey: Buffer): string {
  return `SHA256:${createHash('sha256').update(publicKey).digest('base64').replace(/=+$/, '')}`;
}

/** @throws TypeError unless the text is an OpenSSH SHA-256 fingerprint: a pin that can never match is a mistake of the caller's. */
export function requireFingerprint(text: string): void {
  if (!FORM.test(text)) {
    throw new TypeError(
      `hostKey.fingerprint: ${JSON.stringify(text)} is not of the form SHA256:<43 characters of base64>`,
    );
  }
}

/** Whether two fingerprints are the same, in a time that does not tell where they differ. */
export function sameFingerprint(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}
