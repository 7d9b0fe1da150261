import { expect, onTestFinished, test } from 'vitest';
import {
  connectSsh,
  publicKeyOf,
  type SshConnectOptions,
  type SshConnectResult,
} from '../../../src/clients/ssh/index.ts';
import { imageHostKey } from '../../../src/simulator/machines/sshd/host-key.ts';
import type { MachineFaults } from '../../../src/simulator/machines/machine.ts';
import { connectWhenUp, privateKey, testMachine, type TestMachine } from '../machines/machine-support.ts';

// Machines that fall silent without an error, at each stage of a connection: whoever waits for them hears of it in time.

/** Of the second connection on: the first finds out that the machine is up. */
async function machineWith(faults: MachineFaults): Promise<TestMachine> {
  const machine = testMachine({ faults });
  await machine.powerOn();
  (await connectWhenUp(machine)).client.end();
  return machine;
}

const QUICK = { connectTimeoutMs: 400, keepaliveIntervalMs: 50, keepaliveCountMax: 3 };

async function connect(machine: TestMachine, options: SshConnectOptions = QUICK): Promise<SshConnectResult> {
  const { address, sshPort, seed, hostname } = machine.spec;
  const { fingerprint } = publicKeyOf(imageHostKey(seed, hostname).privateKey);
  const hostKey = { kind: 'pinned', fingerprint } as const;
  const result = await connectSsh({ host: address, port: sshPort, privateKey, hostKey }, options);
  if (result.kind === 'connected') onTestFinished(() => result.connection.close());
  return result;
}

test('before its banner: given up at the deadline of the connection, and the next one is as good as any', async () => {
  const machine = await machineWith({ hangConnections: [1] });
  expect(await connect(machine)).toMatchObject({
    kind: 'timed-out',
    reason: expect.stringContaining('the SSH banner') as string,
  });
  expect(await connect(machine, {})).toHaveProperty('kind', 'connected');
});

test('after its banner: the same', async () => {
  const machine = await machineWith({ hangConnectionsAt: [{ connection: 1, stage: 'banner' }] });
  expect(await connect(machine)).toMatchObject({
    kind: 'timed-out',
    reason: expect.stringContaining('the key exchange') as string,
  });
  expect(await connect(machine, {})).toHaveProperty('kind', 'connected');
});

test.each(['authentication', 'command'] as const)(
  'after its %s: unanswered questions end the connection, and the command is told',
  async (stage) => {
    const machine = await machineWith({ hangConnectionsAt: [{ connection: 1, stage }] });
    const result = await connect(machine, { ...QUICK, connectTimeoutMs: 10_000 });
    expect.assert(result.kind === 'connected');
    expect(await result.connection.run('echo lost; sleep 3600', { timeoutMs: 60_000 })).toMatchObject({
      kind: 'connection-lost',
      reason: expect.stringMatching(/keepalive/i) as string,
    });
    expect(result.connection.lost).toMatch(/keepalive/i);
    // With the command, it had reached the machine; nobody here can know.
    expect(machine.commands.some(({ command }) => command.startsWith('echo lost'))).toBe(stage === 'command');
  },
);

test('in the midst of a command whose own deadline is shorter: that ends it', async () => {
  const machine = await machineWith({ hangConnectionsAt: [{ connection: 1, stage: 'command' }] });
  const result = await connect(machine, { connectTimeoutMs: 10_000, keepaliveIntervalMs: 60_000 });
  expect.assert(result.kind === 'connected');
  expect(await result.connection.run('sleep 3600', { timeoutMs: 100 })).toMatchObject({ kind: 'timed-out' });
});

test('a banner that comes late, but within the deadline, is waited for', async () => {
  const machine = await machineWith({ bannerAfterMs: 10_000 });
  expect(await connect(machine, { connectTimeoutMs: 10_000 })).toHaveProperty('kind', 'connected');
});
