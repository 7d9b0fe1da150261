import { afterEach, describe, expect, test } from 'vitest';
import type { Simulator, SimulatorOptions } from '../../src/simulator/index.ts';
import { codeOf, get, launch, launched, list, raw, startWorld, type Answered } from './support/world.ts';

let simulator: Simulator;
const world = async (options: SimulatorOptions = {}): Promise<Simulator> => (simulator = await startWorld(options));
afterEach(() => simulator.close());

const withAuthorization = (authorization: string): Promise<Answered> =>
  raw(simulator, '/regions', { headers: { authorization } });
const textOf = (json: unknown): string => (typeof json === 'string' ? json : '');
const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('keys', () => {
  test('work as Bearer, and as the user name of Basic with or without the colon', async () => {
    await world();
    for (const credentials of [
      `Bearer ${simulator.apiKey}`,
      `Basic ${base64(`${simulator.apiKey}:`)}`,
      `Basic ${base64(simulator.apiKey)}`,
    ]) {
      expect((await withAuthorization(credentials)).status).toBe(200);
    }
  });

  test('that are wrong and keys that are missing share a code, not a message', async () => {
    await world();
    const wrong = await raw(simulator, '/regions', { apiKey: 'secret_other' });
    expect(wrong.status).toBe(401);
    expect(wrong.json?.['error']).toEqual({
      code: 'global/invalid-api-key',
      message: 'API key was invalid, expired, or deleted.',
    });
    const response = await fetch(`${simulator.lambdaUrl}/regions`, { headers: { 'user-agent': 'x' } });
    expect(await response.json()).toEqual({
      error: { code: 'global/invalid-api-key', message: 'No API key was provided.' },
    });
  });

  test('of a blocked account are told so with 403, and a revoked key is 401', async () => {
    await world();
    simulator.controls.blockAccount('account-inactive');
    const blocked = await launch(simulator);
    expect([blocked.status, codeOf(blocked)]).toEqual([403, 'global/account-inactive']);
    simulator.controls.revokeKey(simulator.apiKey);
    expect((await launch(simulator)).status).toBe(401);
    expect(simulator.record.instances).toEqual([]);
  });

  test('of another account see only that account', async () => {
    await world({ accounts: [{ name: 'other', apiKeys: ['secret_other'] }] });
    const id = await launched(simulator);
    expect((await raw(simulator, '/instances', { apiKey: 'secret_other' })).json).toEqual({ data: [] });
    expect((await raw(simulator, `/instances/${id}`, { apiKey: 'secret_other' })).status).toBe(404);
    expect((await raw(simulator, '/ssh-keys', { apiKey: 'secret_other' })).json).toEqual({ data: [] });
  });
});

describe('envelopes', () => {
  test('a path that is not there is global/not-found; filesystems are made elsewhere than read', async () => {
    await world();
    const missing = await raw(simulator, '/whoami');
    expect([missing.status, codeOf(missing)]).toEqual([404, 'global/not-found']);
    expect((await raw(simulator, '/file-systems', { body: {} })).status).toBe(405);
  });

  test('a blank user agent, or the one of urllib, never gets past the proxy', async () => {
    await world();
    for (const agent of ['', 'Python-urllib/3.12']) {
      const answer = await raw(simulator, '/regions', { headers: { 'user-agent': agent } });
      expect([answer.status, answer.text]).toEqual([403, 'error code: 1010']);
    }
  });

  test('a body that is not JSON is an invalid parameter', async () => {
    await world();
    const answer = await raw(simulator, '/instance-operations/launch', { body: '{' });
    expect([answer.status, codeOf(answer)]).toEqual([400, 'global/invalid-parameters']);
  });

  test('absent optional fields are left out, or null where asked; fields nobody knows appear where asked', async () => {
    await world({ wire: { nulls: true, unknownFields: true } });
    const instance = await get(simulator, await launched(simulator));
    expect(instance).toMatchObject({ ip: null, jupyter_token: null, x_introduced_later: { value: 7 } });
  });

  test('the older copy of the description knows no first_healthy and no architecture', async () => {
    await world({ wire: { olderSpec: true } });
    const instance = await get(simulator, await launched(simulator));
    expect(instance).not.toHaveProperty('first_healthy');
    expect(instance?.['instance_type']).not.toHaveProperty('architecture');
  });
});

describe('reads', () => {
  test('instance types are a map in which every type stands, sold out or not', async () => {
    await world({ capacity: { kind: 'none' } });
    simulator.controls.setCapacity('gpu_1x_a10', 'us-west-1', 1);
    const { json } = await raw(simulator, '/instance-types');
    expect(json?.['data']?.['gpu_1x_a10']).toMatchObject({
      instance_type: { name: 'gpu_1x_a10', price_cents_per_hour: 129, architecture: 'x86_64' },
      regions_with_capacity_available: [{ name: 'us-west-1', description: 'California, USA' }],
    });
    expect(json?.['data']?.['gpu_8x_h100_sxm5']?.['regions_with_capacity_available']).toEqual([]);
    expect(json?.['data']?.['gpu_1x_gh200']?.['instance_type']?.['architecture']).toBe('arm64');
  });

  test('images are listed per region, with an arm64 one where GH200 is sold', async () => {
    await world();
    const images = (await raw(simulator, '/images')).json?.['data'] as unknown as readonly {
      id: string;
      architecture: string;
      family: string;
      region: { name: string };
    }[];
    expect(new Set(images.map(({ id }) => id)).size).toBe(images.length);
    expect(images[0]?.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-/);
    const arm = images.filter(({ architecture }) => architecture === 'arm64').map(({ region }) => region.name);
    expect(new Set(arm)).toEqual(new Set(['us-east-3']));
  });

  test('an id that is no id is 400, and one that is unknown 404', async () => {
    await world();
    const malformed = await raw(simulator, '/instances/i-123');
    expect([malformed.status, codeOf(malformed)]).toEqual([400, 'global/invalid-parameters']);
    const unknown = await raw(simulator, `/instances/${'0'.repeat(32)}`);
    expect([unknown.status, codeOf(unknown)]).toEqual([404, 'global/object-does-not-exist']);
  });

  test('no filter exists but cluster_id, which nothing here matches', async () => {
    await world();
    await launched(simulator);
    expect((await raw(simulator, '/instances?name=other')).json?.['data']).toHaveLength(1);
    expect((await raw(simulator, '/instances?cluster_id=c')).json?.['data']).toHaveLength(0);
  });

  test('pages come only when asked for, newest first, and end with a null token', async () => {
    await world();
    const ids = [await launched(simulator), await launched(simulator), await launched(simulator)];
    expect((await raw(simulator, '/instances')).json).not.toHaveProperty('page_token');
    const first = await raw(simulator, '/instances?page_size=2');
    const token = textOf(first.json?.['page_token']);
    const second = await raw(simulator, `/instances?page_size=2&page_token=${token}`);
    const seen = [first, second].flatMap(({ json }) =>
      (json?.['data'] as unknown as { id: string }[]).map(({ id }) => id),
    );
    expect(seen).toEqual(ids.reverse());
    expect(second.json?.['page_token']).toBeNull();
  });

  test('a knob pages always, another one repeats its token for ever', async () => {
    await world({ wire: { paging: 'repeats-token', pageSize: 1 } });
    await launched(simulator);
    await launched(simulator);
    const first = (await raw(simulator, '/instances')).json?.['page_token'];
    const second = (await raw(simulator, `/instances?page_token=${textOf(first)}`)).json?.['page_token'];
    expect(second).toBe(first);
  });
});

describe('updates', () => {
  test('rename, and replace all tags or leave them alone', async () => {
    await world();
    const id = await launched(simulator, { tags: [{ key: 'aa', value: '1' }] });
    await raw(simulator, `/instances/${id}`, { body: { name: 'new' } });
    expect(await get(simulator, id)).toMatchObject({ name: 'new', tags: [{ key: 'aa', value: '1' }] });
    await raw(simulator, `/instances/${id}`, { body: { tags: [] } });
    expect(await list(simulator)).toMatchObject([{ name: 'new', tags: [] }]);
  });
});

describe('ssh keys', () => {
  test('are added, listed, deleted; a name that is taken is refused', async () => {
    await world();
    const added = await raw(simulator, '/ssh-keys', { body: { name: 'two', public_key: 'ssh-ed25519 AAAA two' } });
    expect(added.json?.['data']).toMatchObject({ name: 'two', public_key: 'ssh-ed25519 AAAA two' });
    const again = await raw(simulator, '/ssh-keys', { body: { name: 'two', public_key: 'ssh-ed25519 AAAA two' } });
    expect([again.status, codeOf(again)]).toEqual([400, 'global/duplicate']);
    const id = textOf(added.json?.['data']?.['id']);
    expect((await raw(simulator, `/ssh-keys/${id}`, { method: 'DELETE' })).json).toEqual({ data: {} });
    expect(codeOf(await raw(simulator, `/ssh-keys/${id}`, { method: 'DELETE' }))).toBe('global/not-found');
    expect((await raw(simulator, '/ssh-keys')).json?.['data']).toMatchObject([{ name: 'ci' }]);
  });

  test('without a public half are generated, and the private half is shown once', async () => {
    await world();
    const { json } = await raw(simulator, '/ssh-keys', { body: { name: 'made' } });
    expect(json?.['data']?.['private_key']).toMatch(/^-----BEGIN RSA PRIVATE KEY-----/);
    expect(json?.['data']?.['public_key']).toMatch(/^ssh-rsa /);
    expect((await raw(simulator, '/ssh-keys')).text).not.toContain('PRIVATE KEY');
  });
});

describe('the agent', () => {
  test.each(['amd64', 'arm64'])('for %s is downloaded without a key', async (architecture) => {
    await world();
    const response = await fetch(`${simulator.agentDownloadUrl}/navarch-node-linux-${architecture}`);
    expect(response.status).toBe(200);
    expect((await response.text()).split('\n')[0]).toBe(`#!navarch-node-simulated ${architecture}`);
  });
});
