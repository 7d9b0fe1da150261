import { afterEach, expect, test } from 'vitest';
import { absentMachine, startSimulator, type Simulator } from '../../../src/simulator/index.ts';

let simulator: Simulator;
afterEach(() => simulator.close());

async function statuses(count: number): Promise<readonly number[]> {
  const headers = { authorization: `Bearer ${simulator.apiKey}` };
  const answers: number[] = [];
  for (let asked = 0; asked < count; asked += 1) {
    answers.push((await fetch(`${simulator.lambdaUrl}/regions`, { headers })).status);
  }
  return answers;
}

test('limits that are set while it runs hold from the next request on, and those that were are forgotten', async () => {
  simulator = await startSimulator({ clockFactor: 0, limits: 'off', createMachine: absentMachine });
  expect(await statuses(3)).toEqual([200, 200, 200]);
  simulator.controls.setLimits({ requestIntervalMs: 60_000 });
  expect(await statuses(2)).toEqual([200, 429]);
  simulator.clock.advanceTo(simulator.clock.now() + 60_000);
  expect(await statuses(2)).toEqual([200, 429]);
  simulator.controls.setLimits('off');
  expect(await statuses(2)).toEqual([200, 200]);
  expect(simulator.oracles.rateLimitViolations()).toHaveLength(2);
});
