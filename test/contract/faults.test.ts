import { afterEach, describe, expect, test } from 'vitest';
import type { FaultRule, InstanceFault, RequestFault, Simulator } from '../../src/simulator/index.ts';
import { abandoned, A_LAUNCH, codeOf, get, launch, launched, list, raw, startWorld } from './support/world.ts';

let simulator: Simulator;
const withFaults = async (...faults: FaultRule[]): Promise<Simulator> => (simulator = await startWorld({ faults }));
afterEach(() => simulator.close());

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const onFirstLaunch = (fault: RequestFault): Promise<Simulator> => withFaults({ on: 'launch', nth: 1, do: fault });
const onInstance = (fault: InstanceFault): Promise<Simulator> => withFaults({ on: 'instance', do: fault });

describe('a launch that may or may not have happened', () => {
  test.each<[string, RequestFault, number]>([
    ['an error before the effect creates nothing', { kind: 'error', status: 500 }, 0],
    ['the very same error after the effect hides an instance', lost({ answer: 'error', status: 500 }), 1],
    ['a gateway page hides an instance', lost({ answer: 'error', status: 504, body: 'html' }), 1],
    ['an empty 200 hides an instance', lost({ answer: 'empty' }), 1],
    ['a 200 that is HTML hides an instance', lost({ answer: 'not-json' }), 1],
    ['a 200 without ids hides an instance', lost({ answer: 'no-ids' }), 1],
    ['a planned 429 creates nothing', { kind: 'rate-limited', body: 'cloudflare' }, 0],
    ['a redirect creates nothing', { kind: 'redirect', to: 'https://elsewhere.example' }, 0],
    ['a provider that is away', { kind: 'error', status: 503, code: 'provider/internal-unavailable' }, 0],
  ])('%s', async (_title, fault, created) => {
    await onFirstLaunch(fault);
    const answer = await launch(simulator);
    expect(answer.json?.['data']?.['instance_ids']?.[0]).toBeUndefined();
    expect(simulator.record.instances).toHaveLength(created);
    expect(simulator.record.requests).toMatchObject([{ operation: 'launch', faults: [fault.kind] }]);
    expect(await list(simulator)).toHaveLength(created);
    expect((await launch(simulator)).status).toBe(200);
  });

  test.each([
    { status: 500, code: 'global/internal-error' },
    { status: 502, body: 'html' },
    { status: 504, body: 'empty' },
    { status: 409, code: 'global/internal-error' },
  ] as const)('$status says the same whether or not an instance was made', async (error) => {
    await withFaults(
      { on: 'launch', nth: 1, do: { kind: 'error', ...error } },
      { on: 'launch', nth: 2, do: lost({ answer: 'error', ...error }) },
    );
    const [without, made] = [await launch(simulator), await launch(simulator)];
    expect([made.status, made.text]).toEqual([without.status, without.text]);
    expect(made.status).toBe(error.status);
    expect(simulator.record.requests.map(({ createdInstanceId }) => createdInstanceId !== undefined)).toEqual([
      false,
      true,
    ]);
  });

  test.each<[string, RequestFault, number]>([
    ['reset before the effect', { kind: 'reset' }, 0],
    ['reset after the effect', lost({ answer: 'reset' }), 1],
  ])('%s: the client sees the same broken connection', async (_title, fault, created) => {
    await onFirstLaunch(fault);
    await expect(launch(simulator)).rejects.toThrow('fetch failed');
    expect(simulator.record.instances).toHaveLength(created);
    expect(simulator.record.requests).toMatchObject([{ status: undefined }]);
  });

  test.each<[string, RequestFault, number]>([
    ['is there', lost({ answer: 'never' }), 1],
    ['is not', { kind: 'no-answer' }, 0],
  ])('no answer for ever: the client gives up, the instance %s', async (_what, fault, created) => {
    await onFirstLaunch(fault);
    const tags = [{ key: 'navarch-launch', value: 't1' }];
    await abandoned(simulator, '/instance-operations/launch', { body: { ...A_LAUNCH, tags } });
    expect(await list(simulator)).toHaveLength(created);
    expect(simulator.oracles.launchesPerToken().get('t1')).toEqual({ requests: 1, created });
  });
});

describe('rules strike', () => {
  test('by count, by name, by time, and not more often than told', async () => {
    await withFaults(
      { on: 'list', every: 2, times: 1, do: { kind: 'error', status: 502, body: 'html' } },
      { on: 'launch', matchName: 'cursed', do: { kind: 'error', status: 403, code: 'global/invalid-address' } },
      { on: 'regions', between: [MINUTE, 2 * MINUTE], do: { kind: 'error', status: 503 } },
    );
    const statuses = async (path: string, times: number): Promise<number[]> => {
      const seen = [];
      for (let i = 0; i < times; i++) seen.push((await raw(simulator, path)).status);
      return seen;
    };
    expect(await statuses('/instances', 4)).toEqual([200, 502, 200, 200]);
    expect(codeOf(await launch(simulator, { name: 'a-cursed-one' }))).toBe('global/invalid-address');
    expect((await launch(simulator, { name: 'a-lucky-one' })).status).toBe(200);
    expect(await statuses('/regions', 1)).toEqual([200]);
    await simulator.controls.advance(MINUTE);
    expect(await statuses('/regions', 1)).toEqual([503]);
    await simulator.controls.advance(MINUTE);
    expect(await statuses('/regions', 1)).toEqual([200]);
  });

  test('a 429 on the first read after each accepted launch, which made others leave the instance behind', async () => {
    await withFaults(
      { on: 'read', afterLaunch: 1, do: { kind: 'rate-limited', retryAfterSeconds: 3 } },
      { on: 'launch', nth: 2, do: { kind: 'error', status: 500 } },
      { on: 'launch', nth: 3, do: lost({ answer: 'error', status: 500 }) },
    );
    expect(await list(simulator)).toEqual([]);
    const id = await launched(simulator);
    const refused = await raw(simulator, '/instances');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '3']);
    expect(simulator.oracles.rateLimitViolations()).toEqual([]);
    expect(await list(simulator)).toHaveLength(1);

    await launch(simulator);
    expect((await raw(simulator, `/instances/${id}`)).status).toBe(200);
    await launch(simulator);
    expect((await raw(simulator, `/instances/${id}`)).status).toBe(429);
    expect((await raw(simulator, `/instances/${id}`)).status).toBe(200);
  });

  test('reads alone, at a set rate and in every way, with `read`', async () => {
    await withFaults(
      { on: 'read', every: 3, do: { kind: 'error', status: 502, body: 'html' } },
      { on: 'read', nth: 4, do: { kind: 'error', status: 500 } },
      { on: 'read', nth: 5, do: { kind: 'no-answer' } },
    );
    const id = await launched(simulator);
    expect((await raw(simulator, '/instances')).status).toBe(200);
    expect((await raw(simulator, `/instances/${id}`)).status).toBe(200);
    const page = await raw(simulator, '/instance-types');
    expect([page.status, page.headers.get('content-type'), page.text]).toEqual([
      502,
      'text/html; charset=UTF-8',
      expect.stringContaining('<h1>502</h1>'),
    ]);
    expect(codeOf(await raw(simulator, '/regions'))).toBe('global/internal-error');
    await abandoned(simulator, '/images', {});
    expect((await launch(simulator)).status).toBe(200);
  });

  test('every call, as an old host that sends everybody elsewhere', async () => {
    await withFaults({ on: 'any', do: { kind: 'redirect', to: 'https://new.example' } });
    for (const [path, body] of [
      ['/instance-operations/launch', A_LAUNCH],
      ['/instance-operations/terminate', { instance_ids: [] }],
      ['/instances?page_size=1', undefined],
      ['/ssh-keys', undefined],
    ] as const) {
      const { status, headers } = await raw(simulator, path, { body });
      expect([status, headers.get('location')]).toEqual([301, `https://new.example/api/v1${path}`]);
    }
    expect(simulator.record.instances).toEqual([]);
  });
});

describe('instances that go bad', () => {
  const after = async (ms: number): Promise<unknown> => {
    const id = await launched(simulator);
    await simulator.controls.advance(ms);
    return get(simulator, id);
  };

  test('stuck in booting, with an address', async () => {
    await onInstance({ kind: 'stuck-booting' });
    expect(await after(86_400 * SECOND)).toMatchObject({ status: 'booting', ip: expect.any(String) as string });
  });

  test('unhealthy instead of active, and perhaps well again', async () => {
    await onInstance({ kind: 'unhealthy', recoversAfterMs: 10 * MINUTE });
    const id = await launched(simulator);
    await simulator.controls.advance(6 * MINUTE);
    expect(await get(simulator, id)).toMatchObject({ status: 'unhealthy', first_healthy: null });
    expect(simulator.oracles.billing()).toMatchObject({ fromFirstHealthyCents: 0 });
    await simulator.controls.advance(10 * MINUTE);
    expect(await get(simulator, id)).toMatchObject({ status: 'active' });
  });

  test('unhealthy after having been active, and perhaps well again', async () => {
    await onInstance({ kind: 'turns-unhealthy', afterActiveMs: 60 * MINUTE, recoversAfterMs: 20 * MINUTE });
    const id = await launched(simulator);
    await simulator.controls.advance(70 * MINUTE);
    expect(await get(simulator, id)).toMatchObject({ status: 'unhealthy' });
    await simulator.controls.advance(20 * MINUTE);
    expect(await get(simulator, id)).toMatchObject({ status: 'active' });
  });

  test.each(['preempted', 'terminated'] as const)(
    '%s without having been asked to: nothing is left to bill',
    async (as) => {
      await onInstance({ kind: 'ends', as, afterMs: 20 * SECOND });
      expect(await after(20 * SECOND)).toMatchObject({ status: as });
      expect(simulator.oracles.instancesAlive()).toEqual([]);
      const [instance] = simulator.record.instances;
      expect(instance?.endedBy).toBe(as === 'preempted' ? 'preempted' : 'console');
      expect(simulator.oracles.terminationsOf(instance?.id ?? '')).toEqual([]);
    },
  );

  test('but never back from the end, whatever a test asks for', async () => {
    await withFaults();
    const id = await launched(simulator);
    simulator.controls.endFromOutside(id, 'terminated');
    expect(() => simulator.controls.setHealth(id, 'active')).toThrow('is terminated');
  });

  test.each<[string, InstanceFault, readonly [boolean, boolean, boolean]]>([
    ['with active', { kind: 'address', when: 'with-active' }, [false, true, true]],
    ['after active', { kind: 'address', when: 'after-active', afterActiveMs: MINUTE }, [false, false, true]],
    ['never', { kind: 'address', when: 'never' }, [false, false, false]],
  ])('an address may come %s', async (_when, fault, expected) => {
    await withFaults({ on: 'instance', do: { kind: 'boots', activeAfterMs: MINUTE } }, { on: 'instance', do: fault });
    const id = await launched(simulator);
    const seen: boolean[] = [];
    for (const ms of [59 * SECOND, SECOND, MINUTE]) {
      await simulator.controls.advance(ms);
      seen.push((await get(simulator, id))?.['ip'] !== undefined);
    }
    expect(seen).toEqual(expected);
  });
});

test('the same seed and plan go wrong the same way', async () => {
  const outcomes = async (): Promise<readonly number[]> => {
    await withFaults({ on: 'list', probability: 0.5, do: { kind: 'error', status: 500 } });
    const statuses: number[] = [];
    for (let i = 0; i < 12; i++) statuses.push((await raw(simulator, '/instances')).status);
    await simulator.close();
    return statuses;
  };
  const first = await outcomes();
  expect(new Set(first)).toEqual(new Set([200, 500]));
  expect(await outcomes()).toEqual(first);
});

function lost(as: Extract<RequestFault, { kind: 'lost-answer' }>['as']): RequestFault {
  return { kind: 'lost-answer', as };
}
