import { join } from 'node:path';
import { Client, Connection, ScheduleNotFoundError } from '@temporalio/client';
import { describe, expect, inject, test, vi, type TestContext } from 'vitest';
import { InterruptedError } from '../../../src/cli/interrupted.ts';
import { sweepScheduleId } from '../../../src/contract/workflow-ids.ts';
import { clientView } from '../../../src/live-check/client-view.ts';
import { RunState } from '../../../src/live-check/state.ts';
import type { SimulatorOptions } from '../../../src/simulator/index.ts';
import { expectCleanSlate } from '../../support/clean-slate.ts';
import { untilShown } from '../../support/command-line.ts';
import { pidsOf } from '../../support/processes.ts';
import { liveCheckWorld, type LiveCheckWorld } from './world.ts';

async function freshWorld(
  { onTestFinished }: TestContext,
  options: Omit<SimulatorOptions, 'logger'> = {},
): Promise<LiveCheckWorld> {
  const lived = await liveCheckWorld(options);
  onTestFinished(() => lived.close());
  return lived;
}

/** By the simulated cloud's own books: what was launched is ended, each once and by us, and cost no more than was said. */
function expectAllEnded({ world }: LiveCheckWorld, launched: number, text = ''): void {
  const { oracles, record } = world.simulator;
  expectCleanSlate(world.simulator);
  expect(oracles.instancesAlive()).toEqual([]);
  expect(record.instances).toHaveLength(launched);
  for (const { endedBy } of record.instances) expect(endedBy).toBe('api');
  const [, said] = /It costs at most \$([\d.]+)/.exec(text) ?? [];
  if (said !== undefined) expect(oracles.billing().fromAcceptanceCents).toBeLessThanOrEqual(Number(said) * 100);
}

/** Whether there is a Schedule for the account of the live-check that runs. */
async function isSwept({ folder }: LiveCheckWorld): Promise<boolean> {
  const running = await new RunState(join(folder, 'state')).read();
  const connection = await Connection.connect({ address: inject('temporalAddress') });
  try {
    await new Client({ connection }).schedule.getHandle(sweepScheduleId(running?.account)).describe();
    return true;
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return false;
    throw error;
  } finally {
    await connection.close();
  }
}

/** A phase after the launch; which of them is seen depends on how busy this machine is. */
const LAUNCHED = /booting|connecting over SSH|proving its GPUs|bootstrapping|until Lambda says active/;

const GO = ['--spend-up-to', '2', '--yes', '--type', 'gpu_1x_a10'];

// Side by side: they wait more than they work.
describe.concurrent('against the simulator', { timeout: 240_000 }, () => {
  test('it spends no more than it said, leaves nothing, and records nothing of the account', async (context) => {
    const lived = await freshWorld(context);
    const { world } = lived;
    const { code, text } = await lived.run(GO);
    expect(code, text).toBe(0);
    expectAllEnded(lived, 1, text);
    expect(text).toContain('proven gone');
    expect(text).toMatch(/Spent \$0\.\d\d .*said: at most \$1\.55\./);
    expect(text).not.toContain('OTHER');

    const { apiKey, record } = world.simulator;
    const [instance] = record.instances;
    const written = (await lived.recordingText()) ?? '';
    const needles = [apiKey, instance?.id, instance?.name, instance?.jupyterToken, instance?.address, '"provisioner"'];
    for (const secret of needles) {
      expect(secret).toBeDefined();
      expect(written).not.toContain(secret);
    }
    const recording = await lived.recording();
    const shown = recording?.exchanges.map(({ method, path, status }) => `${method} ${path} ${String(status)}`);
    expect(shown).toEqual(
      expect.arrayContaining([
        'GET /instance-types 200',
        'POST /instance-operations/launch 200',
        'POST /instance-operations/terminate 200',
        'GET /instances/no-instance 400',
        'GET /ssh-keys 401',
      ]),
    );
    for (const { method, path, status, headers, body } of recording?.exchanges ?? []) {
      if (status !== 200) continue;
      expect(() => clientView({ method, path, status, headers, text: JSON.stringify(body) })).not.toThrow();
    }

    // Nothing of it goes on in Temporal, where nobody would work on it.
    const connection = await Connection.connect({ address: inject('temporalAddress') });
    const client = new Client({ connection });
    const [ours] = /live-check-[0-9a-f]{8}/.exec(text) ?? [];
    expect(ours).toBeDefined();
    await expect(client.schedule.getHandle(sweepScheduleId(ours)).describe()).rejects.toThrow(ScheduleNotFoundError);
    await connection.close();
  });

  test('a machine whose GPU does not work is ended and proven gone all the same, and no second one is launched', async (context) => {
    const lived = await freshWorld(context, { faults: [{ on: 'instance', do: { kind: 'cuda-error', code: 802 } }] });
    const { code, text } = await lived.run(GO);
    expect(code, text).toBe(4);
    expectAllEnded(lived, 1, text);
    expect(text).toMatch(/OTHER +gpus-as-described/);
  });

  test('a launch that Lambda refuses costs nothing, and says why; an error of our own ends the machine before it is thrown', async (context) => {
    const refusal = { kind: 'error', status: 403, code: 'global/invalid-address' } as const;
    const lived = await freshWorld(context, { faults: [{ on: 'launch', nth: 1, do: refusal }] });
    const { code, text } = await lived.run(GO);
    expect(code, text).toBe(4);
    expectAllEnded(lived, 0);
    expect(text).toContain('global/invalid-address');
    expect(text).toContain('Spent $0.00');

    let seen = '';
    let swept: Promise<boolean> | undefined;
    const failing = await lived.run(GO, {
      write(shown) {
        seen += shown;
        if (swept !== undefined || lived.world.simulator.record.instances.length === 0) return;
        swept = isSwept(lived);
        throw new Error('planted');
      },
    });
    expect(await swept).toBe(false);
    expect(failing, seen).toEqual({ code: 1, text: 'planted\n' });
    expectAllEnded(lived, 1, seen);
    expect(seen).toContain('proven gone by terminateNode');
    expect(seen).toContain('nothing of it is left');
    expect(await new RunState(join(lived.folder, 'state')).read()).toBeUndefined();
  });

  test('where nothing has room, it says so and launches nothing; an answer 429 before that is waited out', async (context) => {
    const limited = { kind: 'rate-limited', retryAfterSeconds: 1 } as const;
    const lived = await freshWorld(context, {
      capacity: { kind: 'none' },
      faults: [{ on: 'read', nth: 1, do: limited }],
    });
    const { code, text } = await lived.run(['--spend-up-to', '2', '--yes']);
    expect({ code, text }).toEqual({ code: 3, text: expect.stringContaining('no room') as string });
    expect(lived.world.simulator.record.requests.map(({ operation }) => operation)).not.toContain('launch');
  });

  test('it launches nothing without a limit, under too low a one, unasked, or unconfirmed', async (context) => {
    const lived = await freshWorld(context);
    const expectRefused = async (argv: readonly string[], why: string, answer?: string): Promise<void> => {
      const ask = answer === undefined ? undefined : () => Promise.resolve(answer);
      const { code, text } = await lived.run(argv, { ask });
      expect({ code, text }).toEqual({ code: 2, text: expect.stringContaining(why) as string });
    };
    await expectRefused(['--yes'], '--spend-up-to');
    // The cheapest has no GPUs: $0.20 an hour, for 72 minutes.
    await expectRefused(['--spend-up-to', '0.23', '--yes'], 'cpu_4x_general takes --spend-up-to 0.24 or more');
    await expectRefused(['--spend-up-to', '0.24'], 'no terminal');
    await expectRefused(['--spend-up-to', '0.24'], 'not confirmed', 'yes');
    // Interrupted before the request is sent.
    const pressed = new AbortController();
    const write = (shown: string): void => {
      if (shown.includes('starting Temporal')) pressed.abort(new InterruptedError('pressed; nothing was launched'));
    };
    const interrupted = await lived.run(GO, { write, signal: pressed.signal });
    expect(interrupted).toEqual({ code: 130, text: 'pressed; nothing was launched\n' });
    expect(await new RunState(join(lived.folder, 'state')).read()).toBeUndefined();
    for (const amount of ['0', '-1', 'abc', '1e3', '']) await expectRefused(['--spend-up-to', amount], '--spend-up-to');
    expect(lived.world.simulator.record.requests.map(({ operation }) => operation)).not.toContain('launch');
  });

  test('killed in the middle, the next run ends what was left before it launches; interrupted, it ends that too', async (context) => {
    const lived = await freshWorld(context);
    const { simulator } = lived.world;
    const killed = lived.start(...GO);
    const noted = async () => (await new RunState(join(lived.folder, 'state')).read())?.instanceId;
    await untilShown(killed.stdout, LAUNCHED);
    killed.kill('SIGKILL');
    await killed.ended;
    expect(simulator.oracles.instancesAlive()).toHaveLength(1);
    expect(await noted()).toBe(simulator.record.instances[0]?.id);
    await vi.waitFor(async () => expect(await pidsOf(lived.folder)).toEqual([]), { timeout: 30_000, interval: 100 });

    const next = lived.start(...GO);
    await untilShown(next.stdout, 'is proven gone');
    expectAllEnded(lived, 1);
    await untilShown(next.stdout, LAUNCHED);
    next.kill('SIGHUP');
    const { exitCode, stdout, stderr } = await next.ended;
    expect(exitCode, `${stdout}\n${stderr}`).toBe(130);
    expect(stdout).toContain('https://cloud.lambda.ai/instances');
    expect(stdout).toContain('nothing of it is left');
    expectAllEnded(lived, 2, stdout);
    expect(await pidsOf(lived.folder)).toEqual([]);
  });
});
