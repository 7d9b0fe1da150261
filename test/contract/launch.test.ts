import { afterEach, describe, expect, test } from 'vitest';
import type { Simulator, SimulatorOptions } from '../../src/simulator/index.ts';
import { A_LAUNCH, codeOf, launch, launched, raw, startWorld, terminate } from './support/world.ts';

let simulator: Simulator;
const world = async (options: SimulatorOptions = {}): Promise<Simulator> => (simulator = await startWorld(options));
afterEach(() => simulator.close());

const SECOND = 1000;

describe('a request that breaks a rule is refused, names the field, and creates nothing', () => {
  test.each<[string, Record<string, unknown>]>([
    ['ssh_key_names', { ssh_key_names: [] }],
    ['ssh_key_names', { ssh_key_names: ['ci', 'other'] }],
    ['region_name', { region_name: undefined }],
    ['name', { name: 'x'.repeat(65) }],
    ['hostname', { hostname: '-a' }],
    ['hostname', { hostname: 'a'.repeat(64) }],
    ['tags.0.key', { tags: [{ key: 'a', value: 'one letter is too few' }] }],
    ['tags.0.key', { tags: [{ key: 'Upper', value: '' }] }],
    ['tags.0.key', { tags: [{ key: 'a'.repeat(56), value: '' }] }],
    ['tags.0.key', { tags: [{ key: 'lambda-ai-x', value: '' }] }],
    ['tags.0.value', { tags: [{ key: 'aa', value: 'x'.repeat(129) }] }],
    ['user_data', { user_data: 'x'.repeat(1_000_001) }],
    ['file_system_mounts.0.mount_point', { file_system_mounts: [{ mount_point: '/etc', file_system_id: 'f' }] }],
    ['quantity', { quantity: 2 }],
  ])('%s (case %#)', async (field, changes) => {
    await world();
    const answer = await launch(simulator, changes);
    expect([answer.status, codeOf(answer)]).toEqual([400, 'global/invalid-parameters']);
    expect(answer.json?.['error']?.['message']).toMatch(new RegExp(`^${field.replaceAll('.', '\\.')}: `));
    expect(simulator.record.instances).toEqual([]);
  });

  test('what is named must exist: 404, or 400 by a knob, and one code', async () => {
    const wrong = [
      { region_name: 'mars-1' },
      { instance_type_name: 'gpu_9x' },
      { ssh_key_names: ['nobody'] },
      { image: { family: 'windows' } },
      { image: { id: 'x' } },
      { file_system_names: ['none'] },
      { firewall_rulesets: [{ id: 'none' }] },
    ];
    await world();
    for (const changes of wrong) {
      const answer = await launch(simulator, changes);
      expect([answer.status, codeOf(answer)]).toEqual([404, 'global/object-does-not-exist']);
    }
    await simulator.close();
    await world({ wire: { missingObjectStatus: 400 } });
    expect((await launch(simulator, wrong[0])).status).toBe(400);
  });

  test('a filesystem must be in the region of the instance', async () => {
    const elsewhere = { name: 'data', region: 'us-west-1' };
    const account = { name: 'other', apiKeys: ['secret_other'], sshKeys: [{ name: 'ci', publicKey: 'ssh-ed25519 A' }] };
    await world({ accounts: [{ ...account, fileSystems: [elsewhere] }] });
    const order = { region_name: 'us-east-1', instance_type_name: 'gpu_1x_a10', ssh_key_names: ['ci'] };
    const answer = await raw(simulator, '/instance-operations/launch', {
      apiKey: 'secret_other',
      body: { ...order, file_system_names: ['data'] },
    });
    expect(codeOf(answer)).toBe('instance-operations/launch/file-system-in-wrong-region');
  });
});

describe('an accepted launch', () => {
  test('takes everything that is allowed at its limit', async () => {
    await world();
    const answer = await launch(simulator, {
      name: 'x'.repeat(64),
      hostname: 'a'.repeat(63),
      image: { family: 'lambda-stack-24-04' },
      user_data: 'x'.repeat(1_000_000),
      tags: [{ key: 'ab:c-1', value: '' }],
      quantity: 1,
      introduced_later: true,
    });
    expect(answer.status).toBe(200);
    expect(answer.json?.['data']?.['instance_ids']).toHaveLength(1);
  });

  test('never deduplicates: the same name, tags and body twice make two instances, whatever a header asks for', async () => {
    await world();
    const tags = [
      { key: 'navarch-launch', value: 't' },
      { key: 'navarch-node', value: 'n' },
    ];
    for (let i = 0; i < 2; i++) {
      const headers = { 'idempotency-key': 'once', 'x-request-id': 'once' };
      await raw(simulator, '/instance-operations/launch', { body: { ...A_LAUNCH, tags }, headers });
    }
    expect(new Set(simulator.record.instances.map(({ id }) => id)).size).toBe(2);
    const { oracles } = simulator;
    expect(oracles.launchesPerToken().get('t')).toEqual({ requests: 2, created: 2 });
    expect([oracles.instancesPerToken().get('t'), oracles.instancesPerNode().get('n')]).toEqual([2, 2]);
  });

  test('keeps user data to itself: neither reads nor the record show it', async () => {
    await world();
    const id = await launched(simulator, { user_data: 'host-key-material' });
    await simulator.controls.advance(400 * SECOND);
    expect((await raw(simulator, `/instances/${id}`)).text).not.toContain('host-key-material');
    expect((await raw(simulator, '/instances')).text).not.toContain('user_data');
    expect(simulator.oracles.secretsSeen(['host-key-material'])).toEqual([]);
    expect(simulator.record.requests[0]?.body).toMatchObject({ user_data_bytes: 17 });
  });
});

describe('capacity and quota', () => {
  test('a launch takes room, and it comes back when the instance is terminated, not when it is asked to', async () => {
    await world({ capacity: { kind: 'none' } });
    simulator.controls.setCapacity('gpu_1x_a10', 'us-east-1', 1);
    const id = await launched(simulator);
    const refused = await launch(simulator);
    expect([refused.status, codeOf(refused)]).toEqual([400, 'instance-operations/launch/insufficient-capacity']);

    await terminate(simulator, id);
    expect(codeOf(await launch(simulator))).toBe('instance-operations/launch/insufficient-capacity');
    await simulator.controls.advance(115 * SECOND);
    expect((await launch(simulator)).status).toBe(200);
  });

  test('the same hardware goes to the next one: its GPUs have the same UUIDs', async () => {
    await world({ capacity: { kind: 'plentiful', slots: 1 } });
    const id = await launched(simulator);
    await terminate(simulator, id);
    await simulator.controls.advance(115 * SECOND);
    await launched(simulator);
    const [first, second] = simulator.record.instances;
    expect(first?.gpuUuids).toHaveLength(1);
    expect(second?.gpuUuids).toEqual(first?.gpuUuids);
  });

  test('a type that is not sold in the region has no capacity there', async () => {
    await world();
    const answer = await launch(simulator, { instance_type_name: 'gpu_1x_gh200', region_name: 'me-west-1' });
    expect(codeOf(answer)).toBe('instance-operations/launch/insufficient-capacity');
  });

  test('the list is a snapshot: what it shows may be gone', async () => {
    await world({ capacity: { kind: 'plentiful', slots: 1 }, capacityHints: { staleMs: 30 * SECOND } });
    const listed = async (): Promise<unknown> =>
      (await raw(simulator, '/instance-types')).json?.['data']?.['gpu_1x_a6000']?.['regions_with_capacity_available'];
    expect(await listed()).toHaveLength(1);
    const order = { instance_type_name: 'gpu_1x_a6000', region_name: 'us-south-1' };
    await launched(simulator, order);
    expect(await listed()).toHaveLength(1);
    expect((await launch(simulator, order)).status).toBe(400);
    await simulator.controls.advance(30 * SECOND);
    expect(await listed()).toEqual([]);
  });

  test('the quota counts what is booting, active, unhealthy and terminating', async () => {
    const faults = [
      { on: 'instance', launch: 1, do: { kind: 'stuck-booting' } },
      { on: 'instance', launch: 3, do: { kind: 'unhealthy' } },
    ] as const;
    await world({ quota: 4, faults });
    for (let i = 0; i < 3; i++) await launched(simulator);
    await simulator.controls.advance(400 * SECOND);
    await terminate(simulator, await launched(simulator));
    expect(simulator.record.instances.map(({ status }) => status)).toEqual([
      'booting',
      'active',
      'unhealthy',
      'terminating',
    ]);
    const refused = await launch(simulator);
    expect([refused.status, codeOf(refused)]).toEqual([400, 'global/quota-exceeded']);
    await simulator.controls.advance(115 * SECOND);
    expect((await launch(simulator)).status).toBe(200);
  });
});

describe('rate limits', () => {
  test('one request a second, one launch in twelve; what is refused creates nothing and costs nothing', async () => {
    await world({ limits: {} });
    expect((await launch(simulator)).status).toBe(200);
    const refused = await raw(simulator, '/instances');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, null]);
    await simulator.controls.advance(1 * SECOND);
    expect((await launch(simulator)).status).toBe(429);
    expect((await raw(simulator, '/instances')).status).toBe(200);
    await simulator.controls.advance(11 * SECOND);
    expect((await launch(simulator)).status).toBe(200);
    expect(simulator.record.instances).toHaveLength(2);
    expect(simulator.oracles.rateLimitViolations()).toHaveLength(2);
  });

  test.each([
    ['json', /global\/rate-limited/],
    ['cloudflare', /^error code: 1015$/],
    ['empty', /^$/],
  ] as const)('refuses with a body that is %s, and says when to come back where told to', async (body, text) => {
    await world({ limits: { body, retryAfterSeconds: 7 } });
    await raw(simulator, '/instances');
    const refused = await raw(simulator, '/instances');
    expect(refused.status).toBe(429);
    expect(refused.text).toMatch(text);
    expect(refused.headers.get('retry-after')).toBe('7');
  });
});
