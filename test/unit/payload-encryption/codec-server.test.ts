import { defaultPayloadConverter } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startCodecServer, type CodecServer } from '../../../src/payload-encryption/codec-server.ts';
import { keySource } from '../../../src/payload-encryption/index.ts';
import { runCodecServer } from '../../../src/payload-encryption/run-codec-server.ts';
import { keyLine } from './keys.ts';

const UI = 'https://temporal.example.com';
const KEYS = `${keyLine('new')}\n${keyLine('old')}`;

interface JsonPayload {
  readonly metadata?: Readonly<Record<string, string>>;
  readonly data?: string;
}

/** As Temporal's own tools send it. */
function jsonOf(value: unknown): JsonPayload {
  const { metadata, data } = defaultPayloadConverter.toPayload(value);
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
  return {
    metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([name, bytes]) => [name, base64(bytes)])),
    data: base64(data ?? new Uint8Array()),
  };
}

function text(base64: string | undefined): string {
  return Buffer.from(base64 ?? '', 'base64').toString();
}

describe.each([
  ['without a token', undefined],
  ['with a token', 'open sesame'],
])('%s', (_what, token) => {
  let server: CodecServer;
  const authorized: Readonly<Record<string, string>> = token === undefined ? {} : { authorization: `Bearer ${token}` };

  beforeAll(async () => {
    server = await startCodecServer({
      keys: keySource(() => Promise.resolve(KEYS)),
      host: '127.0.0.1',
      port: 0,
      uiOrigin: UI,
      token: token === undefined ? undefined : () => Promise.resolve(token),
    });
  });
  afterAll(() => server.close());

  function ask(
    path: string,
    payloads: unknown,
    headers: Readonly<Record<string, string>> = authorized,
  ): Promise<Response> {
    const json = { 'content-type': 'application/json', 'x-namespace': 'default' };
    return fetch(`${server.url}${path}`, {
      method: 'POST',
      headers: { ...json, ...headers },
      body: JSON.stringify({ payloads }),
    });
  }

  async function payloadsOf(answer: Response): Promise<readonly JsonPayload[]> {
    expect(answer.status).toBe(200);
    return ((await answer.json()) as { readonly payloads: readonly JsonPayload[] }).payloads;
  }

  test.each(['', '/default'])(
    'encodes and decodes under %j, in order; what is not encrypted comes back as it is',
    async (prefix) => {
      const plain = [jsonOf({ region: 'us-east-1' }), jsonOf(undefined)];
      const encoded = await payloadsOf(await ask(`${prefix}/encode`, plain));
      expect(encoded.map(({ metadata }) => text(metadata?.['encryption-key-id']))).toEqual(['new', 'new']);
      expect(text(encoded[0]?.data)).not.toContain('us-east-1');
      const decoded = await payloadsOf(await ask(`${prefix}/decode`, [...encoded, jsonOf('in clear')]));
      expect(decoded.map(({ data }) => text(data))).toEqual(['{"region":"us-east-1"}', '', '"in clear"']);
      expect(text(decoded[0]?.metadata?.['encoding'])).toBe('json/plain');
    },
  );

  test('the UI is answered, and asked for nothing but its token', async () => {
    const preflight = await fetch(`${server.url}/decode`, {
      method: 'OPTIONS',
      headers: { origin: UI, 'access-control-request-method': 'POST', 'access-control-request-headers': 'x-namespace' },
    });
    expect(preflight.status).toBe(204);
    expect(Object.fromEntries(preflight.headers)).toMatchObject({
      'access-control-allow-origin': UI,
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': 'x-namespace',
    });
    const answer = await ask('/decode', [], { origin: UI, ...authorized });
    expect(answer.headers.get('access-control-allow-origin')).toBe(UI);
    expect(await payloadsOf(answer)).toEqual([]);
  });

  test.each(['https://evil.example.com', 'null', `${UI}.evil.example.com`])(
    'the page of %s is refused',
    async (origin) => {
      const answer = await ask('/decode', [jsonOf('x')], { origin, ...authorized });
      expect(answer.status).toBe(403);
      expect(answer.headers.get('access-control-allow-origin')).toBeNull();
    },
  );

  test.each([
    [
      'a key that it does not have',
      422,
      '/decode',
      [{ metadata: { encoding: 'YmluYXJ5L2VuY3J5cHRlZA==', 'encryption-key-id': 'bG9zdA==' }, data: '' }],
      /"lost"/,
    ],
    ['a payload that is none', 400, '/decode', [{ metadata: { encoding: 7 } }], /not of the form/],
    ['no list', 400, '/encode', 'everything', /not of the form/],
    ['another path', 404, '/download', [], /POST \/encode and \/decode/],
  ])('%s is a clear refusal', async (_what, status, path, payloads, message) => {
    const answer = await ask(path, payloads);
    expect(answer.status).toBe(status);
    expect(((await answer.json()) as { message: string }).message).toMatch(message);
  });

  test('bad JSON is refused, and not repeated', async () => {
    const answer = await fetch(`${server.url}/decode`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...authorized },
      body: '{"payloads": us-east-1',
    });
    expect(answer.status).toBe(400);
    expect(await answer.text()).not.toContain('us-east-1');
  });

  test('what is not JSON, or too much, is refused', async () => {
    const post = (type: string, body: string): Promise<Response> =>
      fetch(`${server.url}/decode`, { method: 'POST', headers: { 'content-type': type, ...authorized }, body });
    expect((await post('text/plain', '{"payloads": []}')).status).toBe(415);
    expect((await post('application/json', ' '.repeat(16 * 1_024 * 1_024 + 1))).status).toBe(413);
  });

  test('it says that it lives, to everybody', async () => {
    expect(await (await fetch(`${server.url}/healthz`)).json()).toEqual({ status: 'ok' });
  });

  test.each([{}, { authorization: 'open sesame' }, { authorization: 'Bearer open sesam' }])(
    'whoever shows %j is refused where there is a token to show',
    async (headers) => {
      const answer = await ask('/decode', [jsonOf('x')], headers);
      expect(answer.status).toBe(token === undefined ? 200 : 401);
      expect(answer.headers.get('www-authenticate')).toBe(token === undefined ? null : 'Bearer');
    },
  );
});

describe('it does not start', () => {
  test.each([
    [
      'where others reach it, without a token',
      { listen: '0.0.0.0:0' },
      {},
      /whoever reaches it .* NAVARCH_CODEC_SERVER_TOKEN_FILE/,
    ],
    ['for a page that is none', { uiOrigin: 'temporal.example.com' }, {}, /--ui-origin must be like/],
    ['for all pages', { uiOrigin: '*' }, {}, /--ui-origin must be like/],
    ['at an address that is none', { listen: '8888' }, {}, /--listen must be host:port/],
    ['without keys', {}, { NAVARCH_PAYLOAD_KEYS: '' }, /NAVARCH_PAYLOAD_KEYS_FILE is not set/],
    ['with an empty token', {}, { NAVARCH_CODEC_SERVER_TOKEN_FILE: '/dev/null' }, /TOKEN_FILE: the file is empty/],
  ])('%s', async (_what, options, variables, message) => {
    const environment = { NAVARCH_PAYLOAD_KEYS: KEYS, ...variables };
    const surroundings = { environment, out: { write: () => undefined }, signal: AbortSignal.abort() };
    await expect(runCodecServer(options, surroundings)).rejects.toThrow(message);
  });
});
