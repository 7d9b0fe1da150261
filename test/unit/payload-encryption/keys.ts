import { randomBytes } from 'node:crypto';

/** A line of NAVARCH_PAYLOAD_KEYS, with a new key. */
export function keyLine(id: string): string {
  return `${id}:${randomBytes(32).toString('base64')}`;
}
