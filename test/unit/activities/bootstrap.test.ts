import { describe, expect, test } from 'vitest';
import { until } from '../machines/machine-support.ts';
import { bootstrapping, DIRECTORY, failureOf, type Bootstrapping } from './bootstrap-support.ts';

const TRIES = '/var/log/tries';
/** Counts how often it is run, and lasts until it is told to go on. */
const WAIT = `echo x >> ${TRIES}; until [ -e /var/lib/go ]; do sleep 0.2; done`;

async function tries({ machine }: Bootstrapping): Promise<number> {
  return ((await machine.readFile(TRIES)) ?? '').length / 2;
}

describe('a bootstrap on a machine', () => {
  test('runs the steps once each, and says how long it took and in which boot it ended', async () => {
    const world = await bootstrapping();
    const commands = ['echo one > /root/one', { run: 'sleep 30; echo {{.Region}} > two', title: 'the second' }];
    const { seconds, bootId } = await world.worker().bootstrap({ commands });
    expect(bootId).toBe(world.machine.bootId);
    expect(seconds).toBeGreaterThanOrEqual(30);
    expect(await world.machine.readFile('/root/one')).toBe('one\n');
    expect(await world.machine.readFile('/root/two')).toBe('us-south-2\n');
  });

  test('shows its step and its last lines to Temporal, and spares its provision what is soon over', async () => {
    const world = await bootstrapping();
    await world.worker().bootstrap({ commands: [{ run: 'echo a; echo b; echo c; echo d; sleep 20', title: 'count' }] });
    expect(world.heartbeats).toContainEqual(
      expect.objectContaining({ step: 'count', lastLines: ['b', 'c', 'd'], trouble: '' }),
    );
    expect(world.signals).toEqual([]);
  });

  test('fails with the exit code, the step, and the last hundred lines of what was printed', async () => {
    const world = await bootstrapping();
    const failure = await failureOf(
      world.worker().bootstrap({ commands: ['true', 'seq 1 500; echo no disk for {{.NodeID}}; exit 7'] }),
    );
    expect(failure).toMatchObject({
      type: 'bootstrap_failed',
      message: 'the bootstrap script failed with exit code 7 (step: command 2 of 2): no disk for i-1',
    });
    expect(failure.lastLines).toHaveLength(100);
    expect(failure.lastLines.slice(-2)).toEqual(['500', 'no disk for i-1']);
  });

  test('lets a step that may be repeated fail once', async () => {
    const world = await bootstrapping();
    const flaky = `echo x >> ${TRIES}; [ "$(wc -l < ${TRIES})" -ge 2 ]`;
    await world.worker().bootstrap({ commands: [{ run: flaky, repeatable: true }] });
    expect(await tries(world)).toBe(2);
    expect(await world.machine.readFile(`${DIRECTORY}/log`)).toContain('command 1 of 1, once more: exit code 1\n');
  });

  test('does not repeat a step that nobody called repeatable', async () => {
    const world = await bootstrapping();
    await failureOf(world.worker().bootstrap({ commands: [`echo x >> ${TRIES}; exit 1`] }));
    expect(await tries(world)).toBe(1);
  });

  test('ends a step that is out of its time on the machine, and says which, and how long it had', async () => {
    const world = await bootstrapping();
    const failure = await failureOf(
      world.worker().bootstrap({ commands: [{ run: 'sleep 100000', title: 'wait for the moon', timeout: '20s' }] }),
    );
    expect(failure.message).toBe(
      'the bootstrap script failed: a step did not end within 20s (step: wait for the moon)',
    );
    expect(world.machine.processes().some(([name]) => name === 'sleep')).toBe(false);
  });

  test('is left to the deadline of the whole where no step is out of its own', async () => {
    const world = await bootstrapping();
    const failure = await failureOf(world.worker(2_500).bootstrap({ commands: [{ run: WAIT, title: 'wait' }] }));
    expect(failure).toMatchObject({
      type: 'bootstrap_failed',
      message: 'the bootstrap script did not end in time (step: wait)',
    });
  });

  test('shows the end of a line that never ends, and not all of it', async () => {
    const world = await bootstrapping();
    const { lastLines } = await failureOf(
      world.worker().bootstrap({ commands: [`printf 'a%.0s' $(seq 1 100000); printf end; exit 1`] }),
    );
    expect(lastLines.at(-1)).toMatch(/^…a+end$/);
    expect(JSON.stringify(lastLines).length).toBeLessThan(5_000);
  });
});

describe('a bootstrap whose watcher', () => {
  test('is killed goes on, and the next worker finds it: everything ran once', async () => {
    const world = await bootstrapping();
    const commands = [WAIT, `echo x >> ${TRIES}`];
    for (let kill = 0; kill < 3; kill += 1) {
      const worker = world.worker();
      const watched = failureOf(worker.bootstrap({ commands }));
      await until(async () => (await tries(world)) === 1);
      worker.kill();
      await watched;
    }
    const last = world.worker().bootstrap({ commands });
    await world.ssh('sudo touch /var/lib/go');
    await last;
    expect(await tries(world)).toBe(2);
  });

  test('has a double starts it once, and both learn its end', async () => {
    const world = await bootstrapping();
    const both = [world.worker(), world.worker()].map((worker) => worker.bootstrap({ commands: [WAIT] }));
    await until(async () => (await tries(world)) > 0);
    await world.ssh('sudo touch /var/lib/go');
    await Promise.all(both);
    expect(await tries(world)).toBe(1);
  });

  test.each([
    ['a session takes its processes with it', { endsSessions: true }],
    ['nothing ends with a session', {}],
  ])('loses its connections again and again is not lost, where %s', async (_, faults) => {
    const dropConnections = [100, 400, 900, 50, 700].map((afterMs, connection) => ({
      connection,
      afterMs: afterMs * 20,
    }));
    const world = await bootstrapping({ faults: { ...faults, dropConnections } });
    await world.worker().bootstrap({ commands: [`echo x >> ${TRIES}`, 'sleep 50', `echo x >> ${TRIES}`] });
    expect(await tries(world)).toBe(2);
  });

  test(
    'has a connection that hangs without a word gives it up, and looks again over another',
    { timeout: 60_000 },
    async () => {
      const world = await bootstrapping({ faults: { hangConnectionsAfter: [{ connection: 0, afterMs: 10_000 }] } });
      await world.worker().bootstrap({ commands: ['sleep 60', `echo x >> ${TRIES}`] });
      expect(await tries(world)).toBe(1);
      expect(world.heartbeats.some(({ trouble }) => /did not end within|closed|lost/.test(trouble))).toBe(true);
    },
  );
});

describe('a bootstrap that is cut off', () => {
  async function inTheMidst(world: Bootstrapping, repeatable: boolean) {
    const running = world.worker().bootstrap({
      commands: [`echo first >> /root/first`, { run: WAIT, title: 'wait', repeatable }, 'true'],
    });
    const ended = running.then(
      (result) => ({ result, failure: undefined }),
      async () => ({ result: undefined, failure: await failureOf(running) }),
    );
    await until(async () => (await tries(world)) === 1);
    return ended;
  }
  const pkill = `sudo pkill -KILL -f '${DIRECTORY}/run$'`;

  test('by a reboot goes on with the step, where that may be repeated, and does nothing else again', async () => {
    const world = await bootstrapping();
    const before = world.machine.bootId;
    const ended = inTheMidst(world, true);
    await until(async () => (await tries(world)) === 1);
    await world.machine.reboot();
    await until(async () => (await tries(world)) === 2);
    await world.ssh('sudo touch /var/lib/go');
    const { result, failure } = await ended;
    expect(failure).toBeUndefined();
    expect(result?.bootId).toBe(world.machine.bootId);
    expect(result?.bootId).not.toBe(before);
    expect(await world.machine.readFile('/root/first')).toBe('first\n');
  });

  test('by a reboot fails where the step must not be repeated, and says that it was a reboot', async () => {
    const world = await bootstrapping();
    const ended = inTheMidst(world, false);
    await until(async () => (await tries(world)) === 1);
    await world.machine.reboot();
    expect((await ended).failure).toMatchObject({
      type: 'bootstrap_failed',
      message: 'the bootstrap script was cut off: the machine rebooted during step wait',
    });
    expect(await tries(world)).toBe(1);
  });

  test('by a kill goes on with the step, or says that it was killed', async () => {
    for (const repeatable of [true, false]) {
      const world = await bootstrapping();
      const ended = inTheMidst(world, repeatable);
      await until(async () => (await tries(world)) === 1);
      expect((await world.ssh(pkill)).exitCode).toBe(0);
      if (repeatable) await until(async () => (await tries(world)) === 2);
      await world.ssh('sudo touch /var/lib/go');
      const { failure } = await ended;
      expect(failure?.message).toBe(
        repeatable ? undefined : 'the bootstrap script was cut off: it was killed during step wait',
      );
    }
  });

  test('in each of three attempts is given up', async () => {
    const world = await bootstrapping();
    const ended = inTheMidst(world, true);
    for (const attempt of [1, 2, 3]) {
      await until(async () => (await tries(world)) === attempt);
      await world.ssh(pkill);
    }
    expect((await ended).failure?.message).toBe(
      'the bootstrap script was cut off: it was killed during step wait, in attempt 3',
    );
    expect(await tries(world)).toBe(3);
  });
});

describe('on a machine whose disk is full', () => {
  test('from the beginning, nothing is run, and the failure says why', async () => {
    const world = await bootstrapping({ faults: { diskFullAtMs: 0 } });
    const failure = await failureOf(world.worker(4_000).bootstrap({ commands: [`echo x >> ${TRIES}`] }));
    expect(failure.type).toBe('bootstrap_failed');
    expect(failure.message).toContain('No space left on device');
    expect(await tries(world)).toBe(0);
  });

  test('in the midst, the failure says why', async () => {
    const world = await bootstrapping({ faults: { diskFullAtMs: 15_000 } });
    const fill = `echo x >> ${TRIES}; sleep 20; head -c 10000 /dev/zero > /root/big`;
    const failure = await failureOf(world.worker().bootstrap({ commands: [fill, 'true'] }));
    expect(failure.type).toBe('bootstrap_failed');
    expect(failure.message).toContain('No space left on device');
  });
});

describe('the secrets of a bootstrap (P8)', () => {
  const SECRETS = {
    API_KEY: `it's a "key" of $HOME`,
    PEM: '-----BEGIN KEY-----\nsecret-line-one\n-----END KEY-----',
    PIN: '123',
  };
  const TOKEN = 'navarch-token-0123456789';

  test('reach the steps as they are, are shown nowhere, and are gone in the end', async () => {
    const world = await bootstrapping({ secrets: SECRETS, token: TOKEN });
    const show =
      'printf "%s\\n" "$API_KEY" "$PEM" "$PIN" > /root/seen; cat /root/seen /etc/navarch/agent.env; sleep 20';
    await world.worker().bootstrap({ commands: [show], secrets: Object.keys(SECRETS) });
    expect(await world.machine.readFile('/root/seen')).toBe(`${Object.values(SECRETS).join('\n')}\n`);
    expect(await world.machine.readFile(`${DIRECTORY}/environment`)).toBeUndefined();
    for (const secret of [SECRETS.API_KEY, 'secret-line-one', TOKEN]) {
      expect(JSON.stringify([world.heartbeats, world.signals])).not.toContain(JSON.stringify(secret).slice(1, -1));
      expect(world.said()).not.toContain(secret);
    }
    // Three characters are no secret that could be looked for.
    expect(JSON.stringify(world.heartbeats)).toContain('123');
  });

  test('are taken out of a failure, too', async () => {
    const world = await bootstrapping({ secrets: SECRETS, token: TOKEN });
    const failure = await failureOf(
      world
        .worker()
        .bootstrap({ commands: ['echo "$PEM"; echo "login with $API_KEY"; exit 1'], secrets: ['API_KEY', 'PEM'] }),
    );
    expect(failure.message).toBe(
      'the bootstrap script failed with exit code 1 (step: command 1 of 1): login with [redacted]',
    );
    expect(JSON.stringify(failure)).not.toMatch(/secret-line|it's a/);
  });

  test('are readable by root alone', async () => {
    const world = await bootstrapping({ secrets: SECRETS, token: TOKEN });
    const running = failureOf(world.worker().bootstrap({ commands: [WAIT, 'exit 1'], secrets: ['API_KEY'] }));
    await until(async () => (await tries(world)) === 1);
    const { stdout } = await world.ssh(
      `sudo stat -c '%U %a' ${DIRECTORY} ${DIRECTORY}/environment /etc/navarch/agent.env; sudo touch /var/lib/go`,
    );
    expect(stdout).toBe('root 700\nroot 600\nroot 600\n');
    await running;
  });
});
