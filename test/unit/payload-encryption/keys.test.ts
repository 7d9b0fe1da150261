import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { keysFromEnvironment, keySource, parseKeyRing } from '../../../src/payload-encryption/index.ts';
import { keyLine } from './keys.ts';

const FIRST = keyLine('first');
const SECOND = keyLine('second');

describe('the text with the keys', () => {
  test('has one a line; blank lines and remarks between them do not matter, nor does the form of base64', () => {
    const url = SECOND.replaceAll('+', '-').replaceAll('/', '_').replace('=', '');
    const { current, byId } = parseKeyRing(`\n# since March\n${FIRST}\r\n\n  ${url}  \n`);
    expect(current?.id).toBe('first');
    const exported = [...byId.values()].map(({ id, key }) => `${id}:${key.export().toString('base64')}`);
    expect(exported).toEqual([FIRST, SECOND]);
  });

  test.each([
    ['nothing', '', /has no key in it/],
    ['none and no key', 'none', /has no key in it/],
    ['a key without an id', FIRST.slice(6), /line 1 is not of the form id:key/],
    ['an id with a space', `${FIRST}\nse cond:${SECOND.slice(7)}`, /line 2: a key id is/],
    ['an id that is too long', `${'i'.repeat(33)}:${FIRST.slice(6)}`, /line 1: a key id is/],
    ['the id none', `none:${FIRST.slice(6)}`, /line 1: a key id is/],
    ['a key of 16 bytes', `${FIRST}\n\nshort:${Buffer.alloc(16, 7).toString('base64')}`, /line 3: .*32 bytes/],
    ['a key in hex', `hex:${Buffer.alloc(32, 7).toString('hex')}`, /line 1: .*32 bytes/],
    ['an id twice', `${FIRST}\n${FIRST}`, /line 2 has the key id of a line before it/],
    ['none behind a key', `${FIRST}\nnone`, /line 2: none stands in the first line only/],
  ])('%s is refused, with the line and without the key', (_what, text, message) => {
    expect(() => parseKeyRing(text)).toThrow(message);
    for (const line of text.split('\n').filter((entry) => entry.length > 20)) {
      expect(() => parseKeyRing(text)).not.toThrow(line.slice(-20));
    }
  });
});

describe('keys in a file', () => {
  let folder: string;
  let path: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'navarch-keys-'));
    path = join(folder, 'keys');
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  test('that were changed are used without a restart; a key that is not known is looked for at once', async () => {
    await writeFile(path, FIRST);
    const keys = keysFromEnvironment({ NAVARCH_PAYLOAD_KEYS_FILE: path });
    expect((await keys.ring()).current?.id).toBe('first');
    await writeFile(path, `${SECOND}\n${FIRST}`);
    expect((await keys.key('second')).id).toBe('second');
    expect((await keys.ring()).current?.id).toBe('second');
    await writeFile(path, FIRST);
    await vi.waitUntil(async () => (await keys.ring()).current?.id === 'first', { timeout: 10_000 });
  });

  test('that cannot be read for a while are those that were read last, which is told once', async () => {
    const troubles: string[] = [];
    await writeFile(path, FIRST);
    const keys = keysFromEnvironment(
      { NAVARCH_PAYLOAD_KEYS_FILE: path },
      { onTrouble: ({ message }) => troubles.push(message) },
    );
    await keys.ring();
    await writeFile(path, '');
    await expect(keys.key('second')).rejects.toThrow(/"second"/);
    await expect(keys.key('second')).rejects.toThrow(/"second"/);
    expect((await keys.ring()).current?.id).toBe('first');
    expect(troubles).toEqual([expect.stringContaining('NAVARCH_PAYLOAD_KEYS_FILE: has no key in it')]);
    await writeFile(path, SECOND);
    expect((await keys.key('second')).id).toBe('second');
  });

  test('are an error while they were never read', async () => {
    const keys = keysFromEnvironment({ NAVARCH_PAYLOAD_KEYS_FILE: join(folder, 'nowhere') });
    await expect(keys.ring()).rejects.toThrow('NAVARCH_PAYLOAD_KEYS_FILE: the file cannot be read (ENOENT)');
    await expect(keys.ring()).rejects.not.toThrow('nowhere');
  });

  test('are read by one look for all who ask at a time', async () => {
    let looks = 0;
    const keys = keySource(() => {
      looks += 1;
      return Promise.resolve(FIRST);
    });
    await Promise.all([keys.ring(), keys.ring(), keys.key('first')]);
    await keys.ring();
    expect(looks).toBe(1);
  });
});

test('both a file and the keys themselves is one too many', () => {
  const environment = { NAVARCH_PAYLOAD_KEYS: FIRST, NAVARCH_PAYLOAD_KEYS_FILE: 'keys' };
  expect(() => keysFromEnvironment(environment)).toThrow(/both set: keep one/);
});
