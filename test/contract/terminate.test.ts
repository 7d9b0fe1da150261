import { afterEach, describe, expect, test } from 'vitest';
import type { InstanceFault, RequestFault, Simulator, SimulatorOptions } from '../../src/simulator/index.ts';
import {
  abandoned,
  codeOf,
  get,
  launched,
  raw,
  startWorld,
  terminate,
  type Answered,
  type Json,
} from './support/world.ts';

let simulator: Simulator;
const world = async (options: SimulatorOptions = {}): Promise<Simulator> => (simulator = await startWorld(options));
afterEach(() => simulator.close());

const SECOND = 1000;
const withFault = (fault: InstanceFault): Promise<Simulator> => world({ faults: [{ on: 'instance', do: fault }] });
const ended = ({ json }: Answered): Json | undefined => json?.['data']?.['terminated_instances'];

test('ids must be ids, and must be known; one bad id and none is touched', async () => {
  await world();
  const id = await launched(simulator);
  expect(codeOf(await terminate(simulator))).toBe('global/invalid-parameters');
  expect(codeOf(await terminate(simulator, 'i-1'))).toBe('global/invalid-parameters');
  const unknown = await terminate(simulator, id, '0'.repeat(32));
  expect([unknown.status, codeOf(unknown)]).toEqual([404, 'global/object-does-not-exist']);
  expect(simulator.oracles.instancesBilling()).toHaveLength(1);
});

describe('a second terminate', () => {
  test('is answered like the first, unless told otherwise', async () => {
    await world();
    const id = await launched(simulator);
    await terminate(simulator, id);
    expect(ended(await terminate(simulator, id))).toMatchObject([{ id, status: 'terminating' }]);
  });

  test.each([
    ['not-found', 404, 'global/object-does-not-exist'],
    ['unknown', 500, 'global/unknown'],
  ] as const)('may be %s: %i %s', async (answer, status, code) => {
    await withFault({ kind: 'second-terminate', answer });
    const id = await launched(simulator);
    await terminate(simulator, id);
    const second = await terminate(simulator, id);
    expect([second.status, codeOf(second)]).toEqual([status, code]);
  });
});

describe('a terminate may fail and be tried again', () => {
  const send = async (id: string): Promise<number | 'broken'> =>
    terminate(simulator, id).then(
      ({ status }) => status,
      () => 'broken',
    );
  const once = (fault: RequestFault): Promise<Simulator> => world({ faults: [{ on: 'terminate', nth: 1, do: fault }] });

  test.each<[string, RequestFault, number | 'broken', boolean]>([
    ['500 before the effect', { kind: 'error', status: 500 }, 500, false],
    ['500 after it', lost({ answer: 'error', status: 500 }), 500, true],
    ['429 before the effect', { kind: 'rate-limited' }, 429, false],
    ['429 after it', lost({ answer: 'error', status: 429, code: 'global/rate-limited' }), 429, true],
    ['a reset before the effect', { kind: 'reset' }, 'broken', false],
    ['a reset after it', lost({ answer: 'reset' }), 'broken', true],
    ['no echo and no effect', { kind: 'not-echoed' }, 200, false],
    ['no echo after the effect', lost({ answer: 'no-ids' }), 200, true],
  ])('%s', async (_what, fault, answer, tookEffect) => {
    await once(fault);
    const id = await launched(simulator);
    expect(await send(id)).toBe(answer);
    expect(await get(simulator, id)).toMatchObject({ status: tookEffect ? 'terminating' : 'booting' });
    expect(await send(id)).toBe(200);
    expect(simulator.oracles.terminationsOf(id)).toMatchObject([{ tookEffect }, { tookEffect: !tookEffect }]);
    expect(simulator.oracles.instancesBilling()).toEqual([]);
  });

  test.each<[string, RequestFault, boolean]>([
    ['before the effect', { kind: 'no-answer' }, false],
    ['after it', lost({ answer: 'never' }), true],
  ])('no answer for ever %s', async (_when, fault, tookEffect) => {
    await once(fault);
    const id = await launched(simulator);
    await abandoned(simulator, '/instance-operations/terminate', { body: { instance_ids: [id] } });
    expect(await get(simulator, id)).toMatchObject({ status: tookEffect ? 'terminating' : 'booting' });
    expect(simulator.oracles.terminationsOf(id)).toMatchObject([{ status: undefined, tookEffect }]);
  });

  test('one that was not echoed says the same whether or not it did anything', async () => {
    await world({
      faults: [
        { on: 'terminate', nth: 1, do: { kind: 'not-echoed' } },
        { on: 'terminate', nth: 2, do: lost({ answer: 'no-ids' }) },
      ],
    });
    const id = await launched(simulator);
    const without = await terminate(simulator, id);
    expect(without.json).toEqual({ data: { terminated_instances: [] } });
    expect((await terminate(simulator, id)).text).toBe(without.text);
  });
});

describe('a terminate may fail to work', () => {
  test('refused while booting, and the actions say so; accepted later', async () => {
    await withFault({ kind: 'terminate-refused-while-booting' });
    const id = await launched(simulator);
    expect((await get(simulator, id))?.['actions']?.['terminate']).toMatchObject({
      available: false,
      reason_code: 'vm-has-not-launched',
    });
    expect((await terminate(simulator, id)).status).toBe(409);
    await simulator.controls.advance(400 * SECOND);
    expect((await terminate(simulator, id)).status).toBe(200);
  });

  test('answered 200 without naming the instance, and nothing happened', async () => {
    await withFault({ kind: 'terminate-not-applied' });
    const id = await launched(simulator);
    expect(ended(await terminate(simulator, id))).toEqual([]);
    expect(await get(simulator, id)).toMatchObject({ status: 'booting' });
    expect(ended(await terminate(simulator, id))).toMatchObject([{ id }]);
  });

  test('stuck in terminating for ever: no longer billed, still alive', async () => {
    await withFault({ kind: 'stuck-terminating' });
    const id = await launched(simulator);
    await terminate(simulator, id);
    await simulator.controls.advance(86_400 * SECOND);
    expect(await get(simulator, id)).toMatchObject({ status: 'terminating' });
    expect(simulator.oracles.instancesBilling()).toEqual([]);
    expect(simulator.oracles.instancesAlive()).toHaveLength(1);
  });
});

test('how long terminating takes is a knob, for all and for one', async () => {
  const faults = [{ on: 'instance', launch: 2, do: { kind: 'stuck-terminating', forMs: 900 * SECOND } }] as const;
  await world({ bootModel: { terminationMs: [300 * SECOND, 300 * SECOND] }, faults });
  const ids = [await launched(simulator), await launched(simulator)];
  await terminate(simulator, ...ids);
  const statuses = (): unknown => simulator.record.instances.map(({ status }) => status);
  await simulator.controls.advance(299 * SECOND);
  expect(statuses()).toEqual(['terminating', 'terminating']);
  await simulator.controls.advance(SECOND);
  expect(statuses()).toEqual(['terminated', 'terminating']);
  await simulator.controls.advance(600 * SECOND);
  expect(statuses()).toEqual(['terminated', 'terminated']);
});

describe('actions follow the state', () => {
  test('booting, active, after a restart, terminating', async () => {
    await world();
    const id = await launched(simulator);
    const restart = (): Promise<Answered> =>
      raw(simulator, '/instance-operations/restart', { body: { instance_ids: [id] } });
    const action = async (): Promise<unknown> => (await get(simulator, id))?.['actions']?.['restart'];

    expect(await action()).toMatchObject({ available: false, reason_code: 'vm-has-not-launched' });
    const early = await restart();
    expect([early.status, codeOf(early)]).toEqual([409, 'global/conflict']);

    await simulator.controls.advance(400 * SECOND);
    expect(await action()).toEqual({ available: true });
    expect((await restart()).json?.['data']?.['restarted_instances']).toMatchObject([{ id }]);
    expect(await action()).toMatchObject({ reason_code: 'vm-action-in-progress' });
    expect((await restart()).status).toBe(409);

    await terminate(simulator, id);
    expect(await action()).toMatchObject({ reason_code: 'vm-is-terminating' });
    expect(codeOf(await restart())).toBe('global/conflict');
  });
});

test('how long an ended instance can be seen is a knob, for the list and by id apart', async () => {
  await world({ afterEnd: { listedMs: 0, gettableMs: 10 * SECOND } });
  const id = await launched(simulator);
  simulator.controls.endFromOutside(id, 'terminated');
  expect((await raw(simulator, '/instances')).json?.['data']).toHaveLength(0);
  expect(await get(simulator, id)).toMatchObject({ status: 'terminated' });
  await simulator.controls.advance(10 * SECOND);
  expect((await raw(simulator, `/instances/${id}`)).status).toBe(404);
});

function lost(as: Extract<RequestFault, { kind: 'lost-answer' }>['as']): RequestFault {
  return { kind: 'lost-answer', as };
}
