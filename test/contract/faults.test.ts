import { afterEach, describe, expect, test } from 'vitest';
import type { FaultRule, InstanceFault, RequestFault, Simulator } from '../../src/simulator/index.ts';
import { codeOf, get, launch, launched, list, raw, startWorld, terminate } from './support/world.ts';

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
    expect((await launch(simulator)).status).toBe(200);
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

  test('no answer for ever: the client gives up, the instance is there', async () => {
    await onFirstLaunch(lost({ answer: 'never' }));
    const gaveUp = fetch(`${simulator.lambdaUrl}/instance-operations/launch`, {
      method: 'POST',
      headers: { authorization: `Bearer ${simulator.apiKey}` },
      body: JSON.stringify({
        region_name: 'us-east-1',
        instance_type_name: 'gpu_1x_a10',
        ssh_key_names: ['ci'],
        tags: [{ key: 'navarch-launch', value: 't1' }],
      }),
      signal: AbortSignal.timeout(100),
    });
    await expect(gaveUp).rejects.toThrow();
    expect(simulator.record.instances).toHaveLength(1);
    expect(simulator.oracles.launchesPerToken().get('t1')).toEqual({ requests: 1, created: 1 });
  });

  test('a launch may land after its client gave up', async () => {
    await onFirstLaunch({ kind: 'delay', realMs: 100, effect: 'late' });
    const answer = launch(simulator);
    await expect.poll(() => simulator.record.requests.length).toBe(1);
    expect(simulator.record.instances).toHaveLength(0);
    expect((await answer).status).toBe(200);
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

  test('a 429 right after a successful launch, which made others leave the instance behind', async () => {
    await withFaults({ on: 'list', nth: 1, do: { kind: 'rate-limited', retryAfterSeconds: 3 } });
    await launched(simulator);
    const refused = await raw(simulator, '/instances');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '3']);
    expect(simulator.oracles.rateLimitViolations()).toEqual([]);
    expect(await list(simulator)).toHaveLength(1);
  });

  test('a terminate that took effect although its answer says otherwise', async () => {
    await withFaults({ on: 'terminate', nth: 1, do: lost({ answer: 'error', status: 500 }) });
    const id = await launched(simulator);
    expect((await terminate(simulator, id)).status).toBe(500);
    expect(await get(simulator, id)).toMatchObject({ status: 'terminating' });
  });

  test('a terminate that is not echoed did nothing', async () => {
    await withFaults({ on: 'terminate', nth: 1, do: { kind: 'not-echoed' } });
    const id = await launched(simulator);
    expect((await terminate(simulator, id)).json).toEqual({ data: { terminated_instances: [] } });
    expect(await get(simulator, id)).toMatchObject({ status: 'booting' });
  });
});

describe('instances that are hard to see', () => {
  test('a new one is missing from the list and 404 by id, or from one of both', async () => {
    await withFaults(
      { on: 'instance', launch: 1, do: { kind: 'unlisted', forMs: 30 * SECOND } },
      { on: 'instance', launch: 2, do: { kind: 'unlisted', forMs: 30 * SECOND, from: 'list' } },
    );
    const [first, second] = [await launched(simulator), await launched(simulator)];
    expect(await list(simulator)).toEqual([]);
    expect(await get(simulator, first)).toBeUndefined();
    expect(await get(simulator, second)).toMatchObject({ status: 'booting' });
    await simulator.controls.advance(30 * SECOND);
    expect(await list(simulator)).toHaveLength(2);
  });

  test('a status may be old, go backwards once, or be a word nobody knows', async () => {
    await withFaults(
      { on: 'instance', do: { kind: 'boots', activeAfterMs: MINUTE } },
      { on: 'instance', launch: 1, do: { kind: 'stale-status', forMs: 10 * SECOND } },
      { on: 'instance', launch: 2, do: { kind: 'status-goes-back' } },
      { on: 'instance', launch: 3, do: { kind: 'unknown-status', status: 'contactable', forMs: 10 * SECOND } },
    );
    for (let i = 0; i < 3; i++) await launched(simulator);
    await simulator.controls.advance(MINUTE);
    const statuses = async (): Promise<unknown[]> => (await list(simulator)).map(({ status }) => status).reverse();
    expect(await statuses()).toEqual(['booting', 'active', 'contactable']);
    expect(await statuses()).toEqual(['booting', 'booting', 'contactable']);
    await simulator.controls.advance(10 * SECOND);
    expect(await statuses()).toEqual(['active', 'active', 'active']);
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

  test('unhealthy after having been active', async () => {
    await onInstance({ kind: 'turns-unhealthy', afterActiveMs: 60 * MINUTE });
    expect(await after(70 * MINUTE)).toMatchObject({ status: 'unhealthy' });
  });

  test('preempted, or ended by someone at the console: nothing is left to bill', async () => {
    await onInstance({ kind: 'ends', as: 'preempted', afterMs: 20 * SECOND });
    expect(await after(20 * SECOND)).toMatchObject({ status: 'preempted' });
    expect(simulator.oracles.instancesAlive()).toEqual([]);
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
