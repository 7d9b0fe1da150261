import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Simulator } from '../../src/simulator/index.ts';
import {
  A_LAUNCH,
  codeOf,
  get,
  launch,
  launched,
  raw,
  SSH_KEY,
  startWorld,
  type Answered,
  type RawRequest,
} from './support/world.ts';

const OTHER_KEY = 'secret_other';

let simulator: Simulator;
beforeEach(async () => {
  const other = { name: 'other', apiKeys: [OTHER_KEY], sshKeys: [SSH_KEY], quota: 1 };
  simulator = await startWorld({ accounts: [other], limits: {} });
});
afterEach(() => simulator.close());

const SECOND = 1000;
/** By the other account's key, after what its limits ask for. */
async function byOther(path: string, request: RawRequest = {}): Promise<Answered> {
  await simulator.controls.advance(12 * SECOND);
  return raw(simulator, path, { ...request, apiKey: OTHER_KEY });
}
const notFound = [404, 'global/object-does-not-exist'];

describe('two accounts', () => {
  test("do not see, end, restart or rename what is the other one's", async () => {
    const id = await launched(simulator);
    expect((await byOther('/instances')).json).toEqual({ data: [] });
    for (const [path, body] of [
      [`/instances/${id}`, undefined],
      [`/instances/${id}`, { name: 'mine', tags: [] }],
      ['/instance-operations/terminate', { instance_ids: [id] }],
      ['/instance-operations/restart', { instance_ids: [id] }],
    ] as const) {
      const refused = await byOther(path, { body });
      expect([refused.status, codeOf(refused)]).toEqual(notFound);
    }
    expect(await get(simulator, id)).toMatchObject({ status: 'booting', name: A_LAUNCH.name });
    expect(simulator.oracles.terminationsOf(id)).toMatchObject([{ account: 'other', status: 404, tookEffect: false }]);
  });

  test("know one SSH key by two ids, and neither can delete the other one's", async () => {
    const idOf = ({ json }: Answered): unknown => json?.['data']?.[0]?.['id'];
    const [mine, others] = [idOf(await raw(simulator, '/ssh-keys')), idOf(await byOther('/ssh-keys'))];
    expect(mine).toMatch(/^[0-9a-f]{32}$/);
    expect(others).not.toBe(mine);
    const refused = await byOther(`/ssh-keys/${String(mine)}`, { method: 'DELETE' });
    expect([refused.status, codeOf(refused)]).toEqual([404, 'global/not-found']);
  });

  test('have a budget and a quota each', async () => {
    await launched(simulator);
    expect((await raw(simulator, '/ssh-keys', { apiKey: OTHER_KEY })).status).toBe(200);
    expect((await raw(simulator, '/ssh-keys')).status).toBe(429);
    expect((await byOther('/instance-operations/launch', { body: A_LAUNCH })).status).toBe(200);
    expect(codeOf(await byOther('/instance-operations/launch', { body: A_LAUNCH }))).toBe('global/quota-exceeded');
    expect((await launch(simulator)).status).toBe(200);
    expect(simulator.record.instances.map(({ account }) => account)).toEqual(['default', 'other', 'default']);
  });

  test('a key that comes back is of the account that it was of', async () => {
    const id = await launched(simulator);
    simulator.controls.revokeKey(OTHER_KEY);
    expect((await byOther('/instances')).status).toBe(401);
    simulator.controls.restoreKey(OTHER_KEY);
    expect((await byOther(`/instances/${id}`)).status).toBe(404);
  });
});
