import { describe, expect, test } from 'vitest';
import { judgeRegistration, type ExpectedRegistration, type RegisteredNode } from '../../../src/domain/registration.ts';

const ANY_POOL: ExpectedRegistration = {
  nodeId: 'i-1',
  region: 'us-east-1',
  instanceType: 'gpu_1x_a10',
  allowFakeGpus: false,
  mode: 'agent',
};
const READY = { kind: 'ready', fakeGpus: false };
const EXPECTED = { ...ANY_POOL, pool: 'training' };
const HEARD = 1_760_000_000_000;

const UNHEARD: RegisteredNode = {
  nodeId: 'i-1',
  provider: 'lambda',
  region: 'us-east-1',
  instanceType: 'gpu_1x_a10',
  status: 'ACTIVE',
  health: 'UNKNOWN',
  gpus: [],
  labels: { pool: 'training' },
};
const ALIVE: RegisteredNode = { ...UNHEARD, lastHeartbeatMs: HEARD };

describe('a node in Navarch', () => {
  test('is ready when it is ACTIVE, ours, and was heard where nothing had been heard before', () => {
    expect(judgeRegistration(ALIVE, EXPECTED, undefined)).toEqual(READY);
  });

  test('is waited for while Navarch does not know it', () => {
    expect(judgeRegistration(undefined, EXPECTED, undefined)).toEqual({
      kind: 'wait',
      reason: 'Navarch does not know the node yet',
    });
  });

  test('is not ready by being ACTIVE: that means registered, not alive', () => {
    expect(judgeRegistration(UNHEARD, EXPECTED, undefined)).toEqual({
      kind: 'wait',
      reason: 'registered; Navarch has not heard a heartbeat yet',
    });
  });

  test('is not ready by the heartbeat of an earlier life, which a new registration keeps', () => {
    expect(judgeRegistration(ALIVE, EXPECTED, HEARD)).toMatchObject({ kind: 'wait' });
    expect(judgeRegistration(ALIVE, EXPECTED, HEARD + 1)).toMatchObject({ kind: 'wait' });
    expect(judgeRegistration({ ...ALIVE, lastHeartbeatMs: HEARD + 1 }, EXPECTED, HEARD)).toEqual(READY);
  });

  test('that the monitor marked UNHEALTHY on account of the old heartbeat is to be mended once it is heard again', () => {
    const unheard = { ...ALIVE, status: 'UNHEALTHY' };
    expect(judgeRegistration(unheard, EXPECTED, HEARD)).toEqual({
      kind: 'wait',
      reason: 'Navarch shows the node UNHEALTHY',
    });
    const heard = { ...unheard, lastHeartbeatMs: HEARD + 30_000 };
    expect(judgeRegistration(heard, EXPECTED, HEARD)).toMatchObject({ kind: 'mend' });
    expect(judgeRegistration({ ...heard, status: 'ACTIVE' }, EXPECTED, HEARD)).toEqual(READY);
  });

  test.each(['ACTIVE', 'UNHEALTHY'])(
    'that is %s and reports itself unhealthy is neither ready nor mended',
    (status) => {
      expect(judgeRegistration({ ...ALIVE, status, health: 'UNHEALTHY' }, EXPECTED, undefined)).toEqual({
        kind: 'wait',
        reason: `its agent reports itself unhealthy, and Navarch shows the node ${status}`,
      });
      const well = { ...ALIVE, status: 'ACTIVE', health: 'DEGRADED' };
      expect(judgeRegistration(well, EXPECTED, undefined)).toEqual(READY);
    },
  );

  test.each(['CORDONED', 'DRAINING', 'TERMINATED', 'UNKNOWN'])('that is %s is not ready, however alive', (status) => {
    expect(judgeRegistration({ ...ALIVE, status }, EXPECTED, undefined)).toEqual({
      kind: 'wait',
      reason: `Navarch shows the node ${status}`,
    });
  });

  test('is told alive by comparing Navarch with itself: a clock in another century is no matter', () => {
    const ahead = Date.UTC(2099, 0, 1);
    expect(judgeRegistration({ ...ALIVE, lastHeartbeatMs: ahead }, EXPECTED, ahead)).toMatchObject({ kind: 'wait' });
    expect(judgeRegistration({ ...ALIVE, lastHeartbeatMs: ahead + 1 }, EXPECTED, ahead)).toEqual(READY);
    expect(judgeRegistration({ ...ALIVE, lastHeartbeatMs: 5 }, EXPECTED, 4)).toEqual(READY);
  });
});

describe('a node that Navarch shows as another than ours is wrong, and waiting would not mend it', () => {
  test.each<[string, Partial<RegisteredNode>, string]>([
    ['id', { nodeId: 'i-2' }, 'Navarch shows node id "i-2", not "i-1"'],
    ['region', { region: 'us-west-1' }, 'Navarch shows region "us-west-1", not "us-east-1"'],
    ['type', { instanceType: 'gpu_8x_a100' }, 'Navarch shows instance type "gpu_8x_a100", not "gpu_1x_a10"'],
    ['pool', { labels: { pool: 'other' } }, 'Navarch shows pool "other", not "training"'],
    ['pool missing', { labels: {} }, 'Navarch shows pool none, not "training"'],
    ['region missing', { region: '' }, 'Navarch shows region none, not "us-east-1"'],
  ])('%s', (_, change, reason) => {
    expect(judgeRegistration({ ...ALIVE, ...change }, EXPECTED, undefined)).toEqual({ kind: 'wrong', reason });
  });

  test('but not before it is heard: what an earlier life registered is replaced by the agent that will be', () => {
    expect(judgeRegistration({ ...UNHEARD, region: 'us-west-1' }, EXPECTED, undefined)).toEqual({
      kind: 'wait',
      reason: 'Navarch shows region "us-west-1", not "us-east-1"; its agent has not been heard yet',
    });
    const direct = { ...EXPECTED, mode: 'direct' } as const;
    expect(judgeRegistration({ ...UNHEARD, region: 'us-west-1' }, direct, undefined)).toMatchObject({ kind: 'wrong' });
  });

  test('but a pool that nobody asked for is nobody’s business', () => {
    expect(judgeRegistration(ALIVE, ANY_POOL, undefined)).toEqual(READY);
  });
});

describe('the GPUs that a node registered', () => {
  const gpu = (uuid: string) => ({
    index: 0,
    uuid,
    model: 'NVIDIA A10',
    memoryMib: 23_028,
    pciBusId: '00000000:07:00.0',
  });
  const REAL = [gpu('GPU-a'), gpu('GPU-b')];
  const INVENTED = [{ ...gpu('GPU-00000000-0000-0000-0000-000000000000'), pciBusId: '0000:00:00.0' }];

  test('are those that were seen on the machine, in any order', () => {
    const expected = { ...EXPECTED, gpus: [...REAL].reverse() };
    expect(judgeRegistration({ ...ALIVE, gpus: REAL }, expected, undefined)).toEqual(READY);
  });

  test.each([
    ['one is missing', [gpu('GPU-a')], 'Navarch shows the GPUs GPU-a, and the machine has GPU-a, GPU-b'],
    [
      'one is another',
      [gpu('GPU-a'), gpu('GPU-c')],
      'Navarch shows the GPUs GPU-a, GPU-c, and the machine has GPU-a, GPU-b',
    ],
    ['there are none', [], 'Navarch shows the GPUs none, and the machine has GPU-a, GPU-b'],
  ])('are wrong when %s', (_, gpus, reason) => {
    expect(judgeRegistration({ ...ALIVE, gpus }, { ...EXPECTED, gpus: REAL }, undefined)).toEqual({
      kind: 'wrong gpus',
      reason,
    });
  });

  test('are taken as they are where nobody has looked at the machine', () => {
    expect(judgeRegistration({ ...ALIVE, gpus: REAL }, EXPECTED, undefined)).toEqual(READY);
  });

  test('are refused when they are invented, unless that is allowed, which is then said', () => {
    const node = { ...ALIVE, gpus: INVENTED };
    expect(judgeRegistration(node, { ...EXPECTED, gpus: REAL }, undefined)).toMatchObject({
      kind: 'wrong gpus',
      reason: expect.stringContaining('invented GPUs') as string,
    });
    expect(judgeRegistration(node, { ...EXPECTED, allowFakeGpus: true }, undefined)).toEqual({
      kind: 'ready',
      fakeGpus: true,
    });
  });

  test('do not count before the node is heard: an earlier life may have registered them', () => {
    expect(judgeRegistration({ ...UNHEARD, gpus: INVENTED }, EXPECTED, undefined)).toMatchObject({ kind: 'wait' });
  });

  test('are enough where we registered the node ourselves: nobody will be heard', () => {
    const direct = { ...EXPECTED, mode: 'direct', gpus: REAL } as const;
    expect(judgeRegistration({ ...UNHEARD, gpus: REAL }, direct, undefined)).toEqual(READY);
  });
});
