import { connect } from 'node:net';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { absentMachine, startSimulator, type Simulator } from '../../../src/simulator/index.ts';

const ask = (simulator: Simulator, path: string): Promise<Response> =>
  fetch(`${simulator.lambdaUrl}${path}`, { headers: { authorization: `Bearer ${simulator.apiKey}` } });

test('close ends hanging and delayed requests, idle connections, ports and timers, and may be called twice', async () => {
  const open = (): string[] =>
    process.getActiveResourcesInfo().filter((kind) => ['TCPServerWrap', 'Timeout'].includes(kind));
  const before = open().length;
  const simulator = await startSimulator({
    limits: 'off',
    createMachine: absentMachine,
    faults: [
      { on: 'regions', do: { kind: 'lost-answer', as: { answer: 'never' } } },
      { on: 'images', do: { kind: 'delay', realMs: 3_600_000 } },
    ],
  });
  const waiting = [ask(simulator, '/regions'), ask(simulator, '/images')].map((answer) =>
    answer.then(
      () => 'answered',
      () => 'broken',
    ),
  );
  const idle = connect(Number(new URL(simulator.navarchUrl).port), '127.0.0.1');
  await once(idle, 'connect');
  const cut = new Promise((resolve) => idle.once('close', resolve));
  idle.on('error', () => undefined);
  await expect.poll(() => simulator.record.requests.length).toBe(2);

  await Promise.all([simulator.close(), simulator.close()]);
  await cut;
  expect(await Promise.all(waiting)).toEqual(['broken', 'broken']);
  await expect.poll(() => open().length).toBeLessThanOrEqual(before);
});
