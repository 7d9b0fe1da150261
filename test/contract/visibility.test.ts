import { afterEach, describe, expect, test } from 'vitest';
import type { FaultRule, Simulator } from '../../src/simulator/index.ts';
import { codeOf, get, launched, list, raw, startWorld, terminate } from './support/world.ts';

let simulator: Simulator;
const withFaults = async (...faults: FaultRule[]): Promise<Simulator> => (simulator = await startWorld({ faults }));
afterEach(() => simulator.close());

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** Whether the list shows it, and whether get does. */
async function seen(id: string): Promise<readonly [listed: boolean, gettable: boolean]> {
  const listed = (await list(simulator)).some((instance) => (instance['id'] as unknown) === id);
  return [listed, (await raw(simulator, `/instances/${id}`)).status === 200];
}

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

describe('an instance that vanishes in the middle of its life', () => {
  test.each([
    ['both', [false, false]],
    ['list', [false, true]],
    ['get', [true, false]],
  ] as const)('is missing from %s, by the plan, and then it is back', async (from, hidden) => {
    await withFaults({ on: 'instance', do: { kind: 'vanishes', afterMs: 20 * MINUTE, forMs: 5 * MINUTE, from } });
    const id = await launched(simulator);
    expect(await seen(id)).toEqual([true, true]);
    await simulator.controls.advance(20 * MINUTE - 1);
    expect(await seen(id)).toEqual([true, true]);
    await simulator.controls.advance(1);
    expect(await seen(id)).toEqual(hidden);
    expect(simulator.oracles.instancesBilling()).toMatchObject([{ id, status: 'active' }]);
    await simulator.controls.advance(5 * MINUTE);
    expect(await seen(id)).toEqual([true, true]);
  });

  test('is unknown to terminate, too: its 404 proves nothing', async () => {
    await withFaults();
    const id = await launched(simulator);
    simulator.controls.hide(id);
    const refused = await terminate(simulator, id);
    expect([refused.status, codeOf(refused)]).toEqual([404, 'global/object-does-not-exist']);
    simulator.controls.hide(id, 'list');
    expect((await terminate(simulator, id)).status).toBe(200);
    expect(simulator.oracles.terminationsOf(id)).toMatchObject([
      { status: 404, tookEffect: false },
      { status: 200, tookEffect: true },
    ]);
  });

  test('vanishes when a test says so, more than once, and others do not', async () => {
    await withFaults();
    const [id, other] = [await launched(simulator), await launched(simulator)];
    await simulator.controls.advance(60 * MINUTE);
    simulator.controls.addInstanceFault(id, { kind: 'vanishes', afterMs: 0, forMs: MINUTE });
    simulator.controls.addInstanceFault(id, { kind: 'vanishes', afterMs: 2 * MINUTE, forMs: MINUTE, from: 'list' });
    const sightings = [];
    for (let minute = 0; minute < 4; minute++) {
      sightings.push(await seen(id));
      expect(await seen(other)).toEqual([true, true]);
      await simulator.controls.advance(MINUTE);
    }
    expect(sightings).toEqual([
      [false, false],
      [true, true],
      [false, true],
      [true, true],
    ]);
  });

  test('is hidden and shown by hand', async () => {
    await withFaults();
    const id = await launched(simulator);
    simulator.controls.hide(id);
    await simulator.controls.advance(24 * 60 * MINUTE);
    expect(await seen(id)).toEqual([false, false]);
    simulator.controls.show(id);
    expect(await seen(id)).toEqual([true, true]);
  });
});

test('an instance that ended may linger in the list when get has lost it already', async () => {
  await withFaults({ on: 'instance', do: { kind: 'lingers', listedMs: 10 * MINUTE, gettableMs: 0 } });
  const id = await launched(simulator);
  simulator.controls.endFromOutside(id, 'terminated');
  expect(await seen(id)).toEqual([true, false]);
  expect(await list(simulator)).toMatchObject([{ status: 'terminated' }]);
  await simulator.controls.advance(10 * MINUTE);
  expect(await seen(id)).toEqual([false, false]);
});

describe('an instance that lives already', () => {
  const active = async (...faults: FaultRule[]): Promise<string> => {
    await withFaults({ on: 'instance', do: { kind: 'boots', activeAfterMs: MINUTE } }, ...faults);
    const id = await launched(simulator);
    await simulator.controls.advance(10 * MINUTE);
    expect(await get(simulator, id)).toMatchObject({ status: 'active' });
    return id;
  };
  const statusesByGet = async (id: string, times: number): Promise<unknown[]> => {
    const statuses = [];
    for (let read = 0; read < times; read++) statuses.push((await get(simulator, id))?.['status']);
    return statuses;
  };

  test('may show its old status, go back once, or say a word nobody knows, from now on', async () => {
    const id = await active();
    simulator.controls.addInstanceFault(id, { kind: 'status-goes-back' });
    expect(await statusesByGet(id, 3)).toEqual(['active', 'booting', 'active']);

    simulator.controls.addInstanceFault(id, { kind: 'unknown-status', status: 'contactable', forMs: MINUTE });
    expect(await statusesByGet(id, 1)).toEqual(['contactable']);
    await simulator.controls.advance(MINUTE);
    expect(await statusesByGet(id, 1)).toEqual(['active']);

    simulator.controls.addInstanceFault(id, { kind: 'stale-status', forMs: MINUTE });
    await terminate(simulator, id);
    expect(await statusesByGet(id, 1)).toEqual(['active']);
    await simulator.controls.advance(MINUTE);
    expect(await statusesByGet(id, 1)).toEqual(['terminating']);
  });

  test('may take to ignoring terminates, and answer the second one otherwise: the newest fault counts', async () => {
    const id = await active({ on: 'instance', do: { kind: 'second-terminate', answer: 'unknown' } });
    simulator.controls.addInstanceFault(id, { kind: 'terminate-not-applied' });
    simulator.controls.addInstanceFault(id, { kind: 'second-terminate', answer: 'not-found' });
    simulator.controls.addInstanceFault(id, { kind: 'stuck-terminating', forMs: 60 * MINUTE });
    await terminate(simulator, id);
    expect(await get(simulator, id)).toMatchObject({ status: 'active' });
    await terminate(simulator, id);
    expect((await terminate(simulator, id)).status).toBe(404);
    await simulator.controls.advance(59 * MINUTE);
    expect(await get(simulator, id)).toMatchObject({ status: 'terminating' });
    await simulator.controls.advance(MINUTE);
    expect(await get(simulator, id)).toMatchObject({ status: 'terminated' });
  });
});
