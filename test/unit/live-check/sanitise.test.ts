import { describe, expect, test } from 'vitest';
import type { Exchange } from '../../../src/live-check/exchange.ts';
import { leaks, sanitised } from '../../../src/live-check/sanitise.ts';

// Whatever stands in an answer, and wherever: what is somebody's does not come out.

const ID = '0123456789abcdef0123456789abcdef';
const OTHER_ID = 'fedcba9876543210fedcba9876543210';
const SECRETS = {
  apiKey: 'secret_ops_00112233445566778899aabbccddeeff.abcdefghijkl',
  address: '203.0.113.77',
  privateAddress: '10.19.44.12',
  email: 'ada@example.org',
  name: 'payroll-training',
  keyName: 'adas-laptop',
  publicKey: 'AAAAC3NzaC1lZDI1NTE5AAAAIKHEChAsTtDUEDOStwzVmBBJ',
  jupyter: 'f00dfeedf00dfeed',
  account: 'Ada Lovelace Ltd',
  tag: 'cost-centre-4711',
  cookie: '__cf_bm=abc.def',
  ray: '8f1c2d3e4f5a6b7c-FRA',
};

const instance = {
  id: ID,
  name: SECRETS.name,
  status: 'active',
  ip: SECRETS.address,
  private_ip: SECRETS.privateAddress,
  hostname: `${SECRETS.address.replaceAll('.', '-')}.cloud.lambdalabs.com`,
  ssh_key_names: [SECRETS.keyName],
  file_system_names: [SECRETS.name],
  region: { name: 'us-east-1', description: 'Virginia, USA' },
  instance_type: {
    name: 'gpu_1x_a10',
    description: '1x A10 (24 GB PCIe)',
    gpu_description: 'A10 (24 GB PCIe)',
    price_cents_per_hour: 129,
    specs: { vcpus: 30, memory_gib: 200, storage_gib: 1400, gpus: 1 },
  },
  tags: [
    { key: 'navarch-node', value: SECRETS.name },
    { key: SECRETS.tag, value: SECRETS.email },
  ],
  jupyter_token: SECRETS.jupyter,
  jupyter_url: `https://x.lambdaspaces.com/?token=${SECRETS.jupyter}`,
  created_by: { email: SECRETS.email, display: SECRETS.account, [OTHER_ID]: SECRETS.account },
  notes: [SECRETS.email, { deep: [SECRETS.account] }],
};

function exchange(
  path: string,
  json: unknown,
  changes: Partial<Exchange> & { readonly status?: number } = {},
): Exchange {
  const { status = 200, ...rest } = changes;
  const headers = { 'content-type': 'application/json', 'set-cookie': SECRETS.cookie, 'cf-ray': SECRETS.ray };
  const answer = { status, headers, text: JSON.stringify(json), json };
  return { method: 'GET', path, request: undefined, sentAt: 1_000, answeredAt: 1_200, answer, ...rest };
}

const OURS = { instanceId: ID, sshKeyName: SECRETS.keyName };

describe('what is written', () => {
  const everything = [
    exchange('/instances', {
      data: [instance, { ...instance, id: OTHER_ID, status: SECRETS.email }],
      page_token: SECRETS.jupyter,
    }),
    exchange(`/instances/${ID}`, { data: instance }),
    exchange(`/instances?page_token=${SECRETS.jupyter}`, { data: [] }),
    exchange('/ssh-keys', {
      data: [{ id: OTHER_ID, name: SECRETS.keyName, public_key: `ssh-ed25519 ${SECRETS.publicKey} ada` }],
    }),
    exchange(
      '/instance-operations/launch',
      { data: { instance_ids: [ID] } },
      {
        method: 'POST',
        request: {
          name: SECRETS.name,
          ssh_key_names: [SECRETS.keyName],
          user_data: SECRETS.apiKey,
          image: { family: SECRETS.tag },
        },
      },
    ),
    exchange('/images', {
      data: [{ id: OTHER_ID, name: SECRETS.name, description: SECRETS.account, family: SECRETS.tag }],
    }),
    exchange(
      '/instances',
      {
        error: { code: 'global/forbidden', message: SECRETS.email, request_id: SECRETS.ray },
        account: SECRETS.account,
      },
      { status: 403 },
    ),
    exchange('/account', { data: { email: SECRETS.email } }),
    exchange('/instances', undefined, {
      answer: {
        status: 403,
        headers: { server: 'cloudflare', 'retry-after': '30' },
        text: `denied: ${SECRETS.account}`,
        json: undefined,
      },
    }),
    exchange('/instances', [SECRETS.email]),
  ];
  const text = JSON.stringify(sanitised(everything, OURS));

  test.each(Object.keys(SECRETS) as (keyof typeof SECRETS)[])('has no %s', (what) => {
    expect(text).not.toContain(SECRETS[what]);
  });

  test('has no id of the account either', () => {
    expect(text).not.toContain(ID);
    expect(text).not.toContain(OTHER_ID);
  });

  test('keeps what a client reads and what nobody owns', () => {
    for (const word of ['"active"', '"us-east-1"', '"gpu_1x_a10"', '129', '"navarch-node"', 'global/forbidden']) {
      expect(text).toContain(word);
    }
    expect(text).toContain('"retry-after":"30"');
    expect(text).toContain('"cf-ray":"0a0a0a0a0a0a0a0a-AAA"'.replaceAll('A', 'a'));
  });

  test('tells of a new field its name and kind', () => {
    expect(text).toContain('"created_by":{"email":"(string of 15 characters)"');
  });
});

test('the same value is the same placeholder wherever it stands, so that exchanges still belong together', () => {
  const [list, byId] = sanitised(
    [exchange('/instances', { data: [instance] }), exchange(`/instances/${ID}`, { data: instance })],
    OURS,
  );
  expect(byId?.path).toBe('/instances/00000000000000000000000000000001');
  expect(list?.body).toMatchObject({ data: [(byId?.body as { data: unknown }).data] });
});

test('of answers that are all the same only the first is kept, and of other machines and keys nothing', () => {
  const many = Array.from({ length: 9 }, (_, n) => ({ ...instance, id: String(n).repeat(32) }));
  const answer = exchange('/instances', { data: [...many, instance] });
  const shown = sanitised([answer, { ...answer, sentAt: 9_000, answeredAt: 9_100 }], OURS);
  expect(shown).toHaveLength(1);
  expect(shown[0]?.body).toMatchObject({ data: [{ status: 'active' }] });
  expect((shown[0]?.body as { data: unknown[] }).data).toHaveLength(1);

  const keys = [{ name: 'a-colleague', public_key: 'ssh-rsa A' }];
  expect(sanitised([exchange('/ssh-keys', { data: keys })], OURS)).toMatchObject([{ body: { data: [] } }]);
});

test('the second line finds a secret that the first would have let through', () => {
  expect(leaks(`{"x":"${SECRETS.apiKey}"}`, [SECRETS.email, SECRETS.apiKey, undefined])).toEqual([1]);
  expect(leaks('{}', Object.values(SECRETS))).toEqual([]);
});

test('an address is found as a whole, and is none of those that stand for one', () => {
  expect(leaks('"10.19.44.123" "110.19.44.12" "10.19.44.12.7"', [SECRETS.privateAddress])).toEqual([]);
  expect(leaks(`at ${SECRETS.privateAddress}.`, [SECRETS.privateAddress])).toEqual([0]);
  const real = { ...instance, ip: '203.0.113.1', private_ip: '10.0.0.1' };
  const text = JSON.stringify(sanitised([exchange('/instances', { data: [real] })], OURS));
  expect(leaks(text, [real.ip, real.private_ip])).toEqual([]);
});
