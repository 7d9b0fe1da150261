import { createDecipheriv } from 'node:crypto';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { expect, test } from 'vitest';
import { summaryLine } from '../../../src/contract/summary.ts';
import { EncryptionCodec, keySource } from '../../../src/payload-encryption/index.ts';
import { keyLine } from './keys.ts';

const OLD = keyLine('2025-11');
const NEW = keyLine('2026-11');
const old = codecWith(OLD);

function codecWith(...lines: readonly string[]): EncryptionCodec {
  return new EncryptionCodec(keySource(() => Promise.resolve(lines.join('\n'))));
}

function payloadOf(value: unknown): Payload {
  return defaultPayloadConverter.toPayload(value);
}

async function sealed(value: unknown, codec = old): Promise<Payload & { readonly data: Uint8Array }> {
  const [payload] = await codec.encode([payloadOf(value)]);
  if (payload?.data == null) throw new Error('nothing was encoded');
  return { ...payload, data: payload.data };
}

function text(bytes: Uint8Array | null | undefined): string {
  return Buffer.from(bytes ?? []).toString();
}

async function opened(payload: Payload, codec = old): Promise<unknown> {
  const [plain] = await codec.decode([payload]);
  return plain === undefined ? undefined : defaultPayloadConverter.fromPayload(plain);
}

test.each([
  ['text', 'us-east-1'],
  ['an object', { name: 'trainer-1', labels: { team: 'vision' } }],
  ['nothing at all', undefined],
  ['null', null],
  ['bytes', new Uint8Array([0, 255, 7])],
  ['no bytes', new Uint8Array()],
  ['two megabytes', 'x'.repeat(2 * 1_024 * 1_024)],
])('%s comes back as it was', async (_what, value) => {
  expect(await opened(await sealed(value))).toEqual(value);
});

test('a payload with neither metadata nor data comes back as one', async () => {
  const [payload] = await old.decode(await old.encode([{}]));
  expect(payload).toMatchObject({ metadata: {} });
  expect(payload?.data ?? new Uint8Array()).toHaveLength(0);
});

test('says with which key, and shows neither what it is nor the same bytes twice', async () => {
  const [first, second] = [await sealed('us-east-1'), await sealed('us-east-1')];
  expect(Object.keys(first.metadata ?? {})).toEqual(['encoding', 'encryption-key-id']);
  expect(text(first.metadata?.['encoding'])).toBe('binary/encrypted');
  expect(text(first.metadata?.['encryption-key-id'])).toBe('2025-11');
  expect(text(first.data)).not.toContain('us-east-1');
  expect(first.data.subarray(0, 12)).not.toEqual(second.data.subarray(0, 12));
});

test('is AES-256-GCM as anybody can write it: nonce, ciphertext, tag, with the key id as additional data', async () => {
  const { data } = await sealed('us-east-1');
  const key = Buffer.from(OLD.slice(OLD.indexOf(':') + 1), 'base64');
  const decipher = createDecipheriv('aes-256-gcm', key, data.subarray(0, 12));
  decipher.setAAD(Buffer.from('2025-11')).setAuthTag(data.subarray(-16));
  const plain = Buffer.concat([decipher.update(data.subarray(12, -16)), decipher.final()]);
  expect(plain.toString()).toContain('"us-east-1"');
});

test.each([
  ['plain words', 'reason '],
  ['quotes', '"'],
  ['another script', 'причина '],
  ['half of a character', '\ud83d'],
])('an encrypted summary is no larger than the 400 bytes that Temporal takes: %s', async (_what, piece) => {
  const codec = codecWith(keyLine('k'.repeat(32)));
  const { metadata, data } = await sealed(summaryLine(piece.repeat(200)), codec);
  // Of protobuf: two bytes around each field of a map's entry, three around a longer one.
  const around = Object.entries(metadata ?? {}).map(([name, value]) => name.length + value.length + 6);
  expect(around.reduce((sum, size) => sum + size, data.length + 3)).toBeLessThanOrEqual(400);
});

test('the first key encrypts, all decrypt: what was written before a rotation is read after it', async () => {
  const rotated = codecWith(NEW, OLD);
  expect(await opened(await sealed('before'), rotated)).toBe('before');
  const after = await sealed('after', rotated);
  expect(text(after.metadata?.['encryption-key-id'])).toBe('2026-11');
  expect(await opened(after, codecWith(OLD, NEW))).toBe('after');
});

test('what is not encrypted is read as it is, beside what is', async () => {
  const payloads = [payloadOf('plain'), await sealed('secret')];
  const decoded = await old.decode(payloads);
  expect(decoded.map((payload) => defaultPayloadConverter.fromPayload(payload))).toEqual(['plain', 'secret']);
  expect(decoded[0]).toBe(payloads[0]);
});

test('with none in front nothing is encrypted, and everything is read', async () => {
  const off = codecWith('none', OLD);
  const payloads = [payloadOf('plain')];
  expect(await off.encode(payloads)).toEqual(payloads);
  expect(await opened(await sealed('secret'), off)).toBe('secret');
});

test('without any keys nothing is encrypted, and an encrypted payload is an error that names the variable', async () => {
  const bare = new EncryptionCodec(keySource(undefined));
  const payloads = [payloadOf('plain')];
  expect(await bare.encode(payloads)).toEqual(payloads);
  const decoding = bare.decode([await sealed('secret')]);
  await expect(decoding).rejects.toMatchObject({ name: 'EncryptedPayloadError' });
  await expect(decoding).rejects.toThrow(/"2025-11".*NAVARCH_PAYLOAD_KEYS_FILE is not set/);
});

test('a key that is not there any more is named by its id, and no key is shown', async () => {
  const decoding = codecWith(NEW).decode([await sealed('secret')]);
  await expect(decoding).rejects.toThrow(/"2025-11", which is not among its NAVARCH_PAYLOAD_KEYS/);
  for (const line of [OLD, NEW]) {
    await expect(decoding).rejects.not.toThrow(line.slice(line.indexOf(':') + 1));
  }
});

test.each([
  ['its first byte', 0],
  ['a byte of its text', 20],
  ['its last byte', -1],
])('altered in %s, it is refused', async (_what, at) => {
  const payload = await sealed('us-east-1');
  const data = Uint8Array.from(payload.data);
  data.set([(data.at(at) ?? 0) ^ 1], at < 0 ? data.length + at : at);
  await expect(old.decode([{ ...payload, data }])).rejects.toThrow(/cannot be decrypted with the key "2025-11"/);
});

test.each([0, 11, 27])('cut to %i bytes, it is refused', async (length) => {
  const payload = await sealed('us-east-1');
  await expect(old.decode([{ ...payload, data: payload.data.subarray(0, length) }])).rejects.toMatchObject({
    name: 'EncryptedPayloadError',
  });
});

test('under the id of another key it is refused, even where that is the same key', async () => {
  const payload = await sealed('us-east-1');
  const twins = codecWith(OLD, OLD.replace('2025-11', 'twin'));
  const moved = { ...payload, metadata: { ...payload.metadata, 'encryption-key-id': Buffer.from('twin') } };
  await expect(twins.decode([moved])).rejects.toThrow(/cannot be decrypted with the key "twin"/);
});

test('without a key id it is refused', async () => {
  const { data } = await sealed('us-east-1');
  const nameless = { metadata: { encoding: Buffer.from('binary/encrypted') }, data };
  await expect(old.decode([nameless])).rejects.toMatchObject({ name: 'EncryptedPayloadError' });
});
