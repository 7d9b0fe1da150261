import { describe, expect, test } from 'vitest';
import { judgeRegistration, type RegisteredNode } from '../../../src/domain/registration.ts';

const ANY_POOL = { nodeId: 'i-1', region: 'us-east-1', instanceType: 'gpu_1x_a10' };
const EXPECTED = { ...ANY_POOL, pool: 'training' };
const HEARD = 1_760_000_000_000;

const UNHEARD: RegisteredNode = {
  nodeId: 'i-1',
  provider: 'lambda',
  region: 'us-east-1',
  instanceType: 'gpu_1x_a10',
  status: 'ACTIVE',
  gpus: [],
  labels: { pool: 'training' },
};
const ALIVE: RegisteredNode = { ...UNHEARD, lastHeartbeatMs: HEARD };

describe('a node in Navarch', () => {
  test('is ready when it is ACTIVE, ours, and was heard where nothing had been heard before', () => {
    expect(judgeRegistration(ALIVE, EXPECTED, undefined)).toEqual({ kind: 'ready' });
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
    expect(judgeRegistration({ ...ALIVE, lastHeartbeatMs: HEARD + 1 }, EXPECTED, HEARD)).toEqual({ kind: 'ready' });
  });

  test('that the monitor marked UNHEALTHY on account of the old heartbeat is not ready, although it is heard again', () => {
    const mended = { ...ALIVE, status: 'UNHEALTHY', lastHeartbeatMs: HEARD + 30_000 };
    expect(judgeRegistration(mended, EXPECTED, HEARD)).toEqual({
      kind: 'wait',
      reason: 'Navarch shows the node UNHEALTHY',
    });
    expect(judgeRegistration({ ...mended, status: 'ACTIVE' }, EXPECTED, HEARD)).toEqual({ kind: 'ready' });
  });

  test.each(['CORDONED', 'DRAINING', 'TERMINATED', 'UNKNOWN'])('that is %s is not ready, however alive', (status) => {
    expect(judgeRegistration({ ...ALIVE, status }, EXPECTED, undefined)).toEqual({
      kind: 'wait',
      reason: `Navarch shows the node ${status}`,
    });
  });

  test('is told alive by comparing Navarch with itself: a clock in another century is no matter', () => {
    const ahead = Date.UTC(2099, 0, 1);
    expect(judgeRegistration({ ...ALIVE, lastHeartbeatMs: ahead }, EXPECTED, ahead)).toMatchObject({ kind: 'wait' });
    expect(judgeRegistration({ ...ALIVE, lastHeartbeatMs: ahead + 1 }, EXPECTED, ahead)).toEqual({ kind: 'ready' });
    expect(judgeRegistration({ ...ALIVE, lastHeartbeatMs: 5 }, EXPECTED, 4)).toEqual({ kind: 'ready' });
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

  test('but a pool that nobody asked for is nobody’s business', () => {
    expect(judgeRegistration(ALIVE, ANY_POOL, undefined)).toEqual({ kind: 'ready' });
  });
});
