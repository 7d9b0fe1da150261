import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import type { Operation, Simulator } from '../../src/simulator/index.ts';
import { A_LAUNCH, abandoned, get, launched, list, raw, startWorld, terminate } from './support/world.ts';

let simulator: Simulator;
afterEach(() => simulator.close());

const SECOND = 1000;
const LATE_MS = 90 * SECOND;

const withLate = async (on: Operation): Promise<Simulator> =>
  (simulator = await startWorld({
    faults: [{ on, nth: 1, do: { kind: 'delay', simulatedMs: LATE_MS, effect: 'late' } }],
  }));

/** A client in a process of its own, killed once its request is with the API. */
async function sentByAKilledProcess(path: string, body: unknown): Promise<void> {
  const before = simulator.record.requests.length;
  const script =
    'const [url, authorization, body] = process.argv.slice(1); ' +
    'await fetch(url, { method: "POST", headers: { authorization, "user-agent": "doomed" }, body });';
  const client = spawn(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      script,
      `${simulator.lambdaUrl}${path}`,
      `Bearer ${simulator.apiKey}`,
      JSON.stringify(body),
    ],
    { stdio: 'ignore' },
  );
  const exit = once(client, 'exit');
  await expect.poll(() => simulator.record.requests.length, { timeout: 10_000 }).toBe(before + 1);
  client.kill('SIGKILL');
  expect((await exit)[1]).toBe('SIGKILL');
}

const ways = [
  ['gave up', (path: string, body: unknown) => abandoned(simulator, path, { body })],
  ['was killed', sentByAKilledProcess],
] as const;

describe('a request that lands late, after its client', () => {
  test.each(ways)('%s: the launch makes its instance all the same', async (_how, send) => {
    await withLate('launch');
    await send('/instance-operations/launch', { ...A_LAUNCH, tags: [{ key: 'navarch-launch', value: 't1' }] });
    expect(await list(simulator)).toEqual([]);
    await simulator.controls.advance(LATE_MS - 1);
    expect(await list(simulator)).toEqual([]);
    await simulator.controls.advance(1);
    await expect.poll(() => list(simulator)).toMatchObject([{ status: 'booting', name: A_LAUNCH.name }]);
    expect(simulator.oracles.launchesPerToken().get('t1')).toEqual({ requests: 1, created: 1 });
    const [sent] = simulator.record.requests;
    expect(simulator.record.instances).toMatchObject([{ acceptedAt: (sent?.at ?? 0) + LATE_MS }]);
  });

  test.each(ways)('%s: the terminate ends its instance all the same', async (_how, send) => {
    await withLate('terminate');
    const id = await launched(simulator);
    await send('/instance-operations/terminate', { instance_ids: [id] });
    await simulator.controls.advance(LATE_MS - 1);
    expect(await get(simulator, id)).toMatchObject({ status: 'booting' });
    expect(simulator.oracles.terminationsOf(id)).toMatchObject([{ tookEffect: false }]);
    await simulator.controls.advance(1);
    await expect.poll(() => get(simulator, id)).toMatchObject({ status: 'terminating' });
    expect(simulator.oracles.terminationsOf(id)).toMatchObject([{ tookEffect: true }]);
  });

  test('gave up: a late launch may still be refused, and then nothing is there', async () => {
    await withLate('launch');
    await abandoned(simulator, '/instance-operations/launch', { body: A_LAUNCH });
    simulator.controls.setCapacity(A_LAUNCH.instance_type_name, A_LAUNCH.region_name, 0);
    await simulator.controls.advance(LATE_MS);
    await expect.poll(() => simulator.record.requests[0]?.status).toBe(400);
    expect(simulator.record.instances).toEqual([]);
  });
});

describe('an answer that takes its time', () => {
  test('the launch takes effect at once, and the client that waits gets the id', async () => {
    simulator = await startWorld({ faults: [{ on: 'launch', do: { kind: 'delay', simulatedMs: 31 * SECOND } }] });
    const answer = raw(simulator, '/instance-operations/launch', { body: A_LAUNCH });
    await expect.poll(() => simulator.record.instances.length).toBe(1);
    expect(simulator.record.requests).toMatchObject([{ status: undefined }]);
    await simulator.controls.advance(31 * SECOND);
    expect((await answer).json).toEqual({ data: { instance_ids: [simulator.record.instances[0]?.id] } });
  });

  test('in real time, too: the clock that stands still does not hold it up', async () => {
    const fault = { kind: 'delay', realMs: 1, effect: 'late' } as const;
    simulator = await startWorld({
      faults: [
        { on: 'launch', do: fault },
        { on: 'terminate', do: fault },
      ],
    });
    const id = await launched(simulator);
    expect((await terminate(simulator, id)).status).toBe(200);
    expect(simulator.record.requests.map(({ faults }) => faults)).toEqual([['delay'], ['delay']]);
  });
});
