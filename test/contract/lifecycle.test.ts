import { afterEach, expect, test } from 'vitest';
import type { Simulator, SimulatorOptions } from '../../src/simulator/index.ts';
import { codeOf, get, launched, list, raw, startWorld, terminate } from './support/world.ts';

let simulator: Simulator;
const world = async (options: SimulatorOptions = {}): Promise<Simulator> => (simulator = await startWorld(options));
afterEach(() => simulator.close());

const SECOND = 1000;

test('an instance boots, gets its address while booting, turns active, ends, and is gone', async () => {
  await world();
  const id = await launched(simulator);
  expect(id).toMatch(/^[0-9a-f]{32}$/);

  const fresh = await get(simulator, id);
  expect(fresh).toMatchObject({
    id,
    status: 'booting',
    name: 'node-a-token',
    ssh_key_names: ['ci'],
    file_system_names: [],
    region: { name: 'us-east-1', description: 'Virginia, USA' },
    instance_type: { name: 'gpu_1x_a10', price_cents_per_hour: 129, specs: { gpus: 1, vcpus: 30 } },
    first_healthy: null,
  });
  expect(fresh).not.toHaveProperty('ip');
  expect(fresh).not.toHaveProperty('jupyter_token');

  await simulator.controls.advance(31 * SECOND);
  const addressed = await get(simulator, id);
  expect(addressed).toMatchObject({ status: 'booting', ip: expect.stringMatching(/^127\.\d+\.\d+\.\d+$/) as string });

  await simulator.controls.advance(300 * SECOND);
  const active = await get(simulator, id);
  expect(active).toMatchObject({ status: 'active', ip: addressed?.['ip'], jupyter_url: expect.any(String) as string });
  expect(active?.['first_healthy']).toMatch(/^2026-10-10T00:0/);

  const { json } = await terminate(simulator, id);
  expect(json?.['data']?.['terminated_instances']?.[0]).toMatchObject({ id, status: 'terminating' });
  expect(simulator.oracles.instancesBilling()).toEqual([]);
  expect(simulator.oracles.instancesAlive()).toHaveLength(1);

  await simulator.controls.advance(115 * SECOND);
  expect(await get(simulator, id)).toMatchObject({ status: 'terminated' });
  expect(simulator.oracles.instancesAlive()).toEqual([]);

  await simulator.controls.advance(60 * SECOND);
  expect(await list(simulator)).toEqual([]);
  expect(await get(simulator, id)).toMatchObject({ status: 'terminated' });

  await simulator.controls.advance(600 * SECOND);
  const gone = await raw(simulator, `/instances/${id}`);
  expect(gone.status).toBe(404);
  expect(codeOf(gone)).toBe('global/object-does-not-exist');
  expect(simulator.describe()).toContain('1 instances launched, 1 ended, none alive');
});
