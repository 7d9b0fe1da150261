import { readFile } from 'node:fs/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { RunningClock } from '../../../src/simulator/clock.ts';
import { FaultEngine } from '../../../src/simulator/faults/engine.ts';
import { parseFaultPlan, type FaultRule } from '../../../src/simulator/faults/plan.ts';
import { REALISTIC } from '../../../src/simulator/realistic.ts';

const clock = new RunningClock({ factor: 0, startAt: 0 });
afterEach(() => clock.stop());
const engine = (...plan: FaultRule[]): FaultEngine => new FaultEngine({ plan, seed: 7, clock });
const FAILS = { kind: 'error', status: 500 } as const;

describe('a plan read from JSON', () => {
  test('is taken as it is when it is right', () => {
    const plan = [{ on: 'launch', nth: [1, 3], do: { kind: 'lost-answer', as: { answer: 'reset' } } }];
    expect(parseFaultPlan(JSON.parse(JSON.stringify(plan)))).toEqual(plan);
    const hang = [{ on: 'machine', do: { hangConnectionsAfter: [{ connection: 1, afterMs: 500 }] } }];
    expect(parseFaultPlan(hang)).toEqual(hang);
    expect(parseFaultPlan(JSON.parse(JSON.stringify(REALISTIC.faults)))).toEqual(REALISTIC.faults);
  });

  test('is what the README shows', async () => {
    const readme = await readFile(new URL('../../../src/simulator/README.md', import.meta.url), 'utf8');
    const plans = [...readme.matchAll(/^```json\n(.*?)^```/gms)].map(([, json = '']) => JSON.parse(json) as unknown);
    expect(plans).toHaveLength(1);
    for (const plan of plans) expect(parseFaultPlan(plan)).toEqual(plan);
  });

  test.each([
    ['an operation that does not exist', [{ on: 'lunch', do: FAILS }], 'on'],
    ['a kind that does not exist', [{ on: 'launch', do: { kind: 'explode' } }], 'do'],
    ['a misspelt condition', [{ on: 'launch', nht: 1, do: FAILS }], 'nht'],
    ['a redirect to nowhere', [{ on: 'any', do: { kind: 'redirect', to: 'elsewhere' } }], 'to'],
    ['a machine fault with a wrong unit', [{ on: 'machine', do: { sshAfterMs: '1m' } }], 'sshAfterMs'],
  ])('is refused with the field named: %s', (_what, plan, field) => {
    expect(() => parseFaultPlan(plan)).toThrow(field);
  });
});

describe('rules over launches', () => {
  const launch = { number: 1, type: 'gpu_1x_a10', region: 'us-east-1', name: 'n' };

  test('strike by number, type and region, and machine faults add up', () => {
    const faults = engine(
      { on: 'instance', launch: 2, do: { kind: 'stuck-booting' } },
      { on: 'instance', type: 'gpu_1x_gh200', do: { kind: 'unhealthy' } },
      { on: 'machine', region: 'us-east-1', do: { sshAfterMs: 1 } },
      { on: 'machine', do: { sshSilent: true } },
    );
    expect(faults.onLaunch(launch)).toEqual({ instance: [], machine: { sshAfterMs: 1, sshSilent: true } });
    expect(faults.onLaunch({ ...launch, number: 2, region: 'us-west-1' })).toEqual({
      instance: [{ kind: 'stuck-booting' }],
      machine: { sshSilent: true },
    });
  });

  test('"two of three" strike about so many, and the same ones for the same seed', () => {
    const rule: FaultRule = { on: 'instance', probability: 2 / 3, do: { kind: 'unhealthy' } };
    const struck = (): boolean[] => {
      const faults = engine(rule);
      return Array.from({ length: 300 }, (_, number) => faults.onLaunch({ ...launch, number }).instance.length > 0);
    };
    const first = struck();
    expect(first.filter(Boolean).length / first.length).toBeCloseTo(2 / 3, 1);
    expect(struck()).toEqual(first);
  });
});

describe('rules over requests', () => {
  test('count only requests that they could strike', () => {
    const faults = engine({ on: 'get', matchName: 'a', nth: 2, do: FAILS });
    const strikes = (name: string): boolean => faults.onRequest('get', name).length > 0;
    expect(['a', 'b', 'b', 'a', 'a'].map(strikes)).toEqual([false, false, false, true, false]);
    expect(faults.onRequest('list', undefined)).toEqual([]);
  });

  test('count anew from each accepted launch where asked to, and not before the first', () => {
    const launch = { number: 1, type: 'gpu_1x_a10', region: 'us-east-1', name: 'n' };
    const faults = engine({ on: 'read', afterLaunch: [1, 3], do: FAILS });
    const reads = (times: number): boolean[] =>
      Array.from({ length: times }, () => faults.onRequest('get', undefined).length > 0);
    expect(reads(2)).toEqual([false, false]);
    faults.onLaunch(launch);
    expect(faults.onRequest('terminate', undefined)).toEqual([]);
    expect(reads(4)).toEqual([true, false, true, false]);
    faults.onLaunch(launch);
    expect(reads(1)).toEqual([true]);
  });

  test('of the same kind do not pile up: the first in the plan counts', () => {
    const faults = engine({ on: 'any', do: FAILS }, { on: 'list', do: { ...FAILS, status: 502 } });
    expect(faults.onRequest('list', undefined)).toEqual([FAILS]);
  });

  test('added while running count from then on', () => {
    const faults = engine();
    faults.onRequest('list', undefined);
    faults.add({ on: 'list', nth: 1, do: FAILS });
    expect(faults.onRequest('list', undefined)).toEqual([FAILS]);
    expect(faults.onRequest('list', undefined)).toEqual([]);
  });
});
