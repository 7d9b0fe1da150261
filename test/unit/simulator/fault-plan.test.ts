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
    expect(parseFaultPlan(JSON.parse(JSON.stringify(REALISTIC.faults)))).toEqual(REALISTIC.faults);
  });

  test.each([
    ['an operation that does not exist', [{ on: 'lunch', do: FAILS }], 'on'],
    ['a kind that does not exist', [{ on: 'launch', do: { kind: 'explode' } }], 'do'],
    ['a misspelt condition', [{ on: 'launch', nht: 1, do: FAILS }], 'nht'],
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
