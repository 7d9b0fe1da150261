import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { describe, expect, test } from 'vitest';
import { awaitHost } from '../../../src/activities/await-host.ts';
import { DEFAULT_LOOKS, type ActivityDependencies } from '../../../src/activities/dependencies.ts';
import type { HostInput, HostView } from '../../../src/activities/types.ts';
import { hostKeyUserData, mergedUserData } from '../../../src/activities/user-data.ts';
import { deriveHostKey, publicKeyOf } from '../../../src/clients/ssh/index.ts';
import { imageHostKey } from '../../../src/simulator/machines/sshd/host-key.ts';
import {
  connectWhenUp,
  privateKey,
  publicKey,
  run,
  testMachine,
  type Ran,
  type TestMachine,
} from '../machines/machine-support.ts';
import { newKey, startSshServer, startTcpServer } from '../ssh/ssh-server.ts';

const hostKey = deriveHostKey({ secret: 'a secret of some length', salt: 'token' });
const userData = hostKeyUserData(hostKey);
const { fingerprint } = hostKey;
const HOUR_MS = 3_600_000;

interface Beat {
  readonly verdict: string;
  readonly since: string;
  readonly tries: number;
  readonly waitingFor: string;
}

interface Wait {
  readonly withinMs?: number;
  readonly graceMs?: number;
  readonly privateKeys?: readonly string[];
  readonly fingerprint?: string | undefined;
  readonly before?: Beat;
  readonly port?: number;
  readonly beats?: Beat[];
}

/** One attempt of the step, by a worker of its own. */
function wait(address: string, wait: Wait = {}): Promise<HostView> {
  const { withinMs = 60_000, graceMs = 120_000, privateKeys = [privateKey], port = 2222, before, beats } = wait;
  const dependencies = {
    ssh: { privateKeys: () => Promise.resolve(privateKeys), username: 'ubuntu', port },
    looks: { ...DEFAULT_LOOKS, hostMs: 5, graceMs },
  } as unknown as ActivityDependencies;
  const environment = new MockActivityEnvironment(
    {
      startToCloseTimeoutMs: withinMs,
      scheduleToCloseTimeoutMs: withinMs,
      heartbeatTimeoutMs: 6,
      heartbeatDetails: before,
    },
    { logger: new DefaultLogger('ERROR') },
  );
  environment.on('heartbeat', (beat) => beats?.push(beat as Beat));
  const pinned = 'fingerprint' in wait ? wait.fingerprint : fingerprint;
  const host: HostInput = {
    address,
    launchToken: 'token',
    ...(pinned === undefined ? { isTrusted: true } : { hostKeyFingerprint: pinned }),
  };
  return environment.run<[], HostView, () => Promise<HostView>>(() => awaitHost(dependencies, host));
}

async function failureOf(waiting: Promise<unknown>) {
  try {
    await waiting;
  } catch (error) {
    if (!(error instanceof ApplicationFailure)) throw error;
    const { type, message, nonRetryable, details } = error;
    return { type, message, nonRetryable, details: details?.[0] };
  }
  throw new Error('it answered');
}

async function poweredOn(spec: Parameters<typeof testMachine>[0] = {}): Promise<TestMachine> {
  const machine = testMachine({ userData, ...spec });
  await machine.powerOn();
  return machine;
}

/** As somebody with a key of the machine. */
async function on(machine: TestMachine, command: string): Promise<Ran> {
  const { client } = await connectWhenUp(machine);
  return run(client, command);
}

/** Nothing of ours has reached it: no login was tried, no command sent. */
function expectUntouched(machine: TestMachine): void {
  expect(machine.connections.filter(({ kind }) => kind === 'rejected' || kind === 'authenticated')).toEqual([]);
  expect(machine.commands).toEqual([]);
}

function verdict(kind: string): unknown {
  return { verdict: kind, since: expect.stringMatching(/Z$/) as string, tries: expect.any(Number) as number };
}

describe('a machine that answers in the end', () => {
  test('is told by its boot, its architecture and its host key', async () => {
    const machine = await poweredOn({ architecture: 'aarch64' });
    expect(await wait(machine.spec.address)).toEqual({
      bootId: machine.bootId,
      architecture: 'aarch64',
      hostKeyFingerprint: fingerprint,
    });
  });

  test('is waited for while nothing listens, while the image shows its own key, and while it refuses ours', async () => {
    const faults = { sshAfterMs: 20_000, cloudInitAfterMs: 60_000, keyAcceptedAfterMs: 100_000 };
    const machine = await poweredOn({ faults });
    const beats: Beat[] = [];
    await wait(machine.spec.address, { beats });
    // sshd restarts when it changes its key, and may reset a connection.
    const verdicts = new Set(beats.map((beat) => beat.verdict).filter((verdict) => verdict !== 'reset'));
    expect([...verdicts]).toEqual(['no-answer-yet', 'refused', 'host-key-mismatch', 'permission-denied']);
    const last = beats.at(-1);
    expect(last?.tries).toBeGreaterThan(3);
    expect(last?.waitingFor).toContain('authentication');
    // Before it showed the key we chose, nobody tried to log in.
    const tried = machine.connections.findIndex(({ kind }) => kind === 'rejected');
    expect(machine.connections.slice(0, tried).filter(({ kind }) => kind === 'connected').length).toBeGreaterThan(1);
  });

  test('is waited for while it closes connections at once', async () => {
    const dropConnections = [0, 1, 2].map((connection) => ({ connection, afterMs: 0 }));
    const machine = await poweredOn({ faults: { dropConnections } });
    const beats: Beat[] = [];
    await wait(machine.spec.address, { beats });
    expect(beats.map((beat) => beat.verdict)).toContain('reset');
  });

  test('is waited for until cloud-init is done, in pieces, and over the loss of a connection', async () => {
    const dropConnections = [{ connection: 0, afterMs: 20_000 }];
    const machine = await poweredOn({ faults: { cloudInitTakesMs: 150_000, dropConnections } });
    const beats: Beat[] = [];
    await wait(machine.spec.address, { beats });
    expect([...new Set(beats.map((beat) => beat.verdict))]).toEqual([
      'no-answer-yet',
      'connection-lost',
      'cloud-init-not-done',
    ]);
    expect(await machine.readFile('/var/lib/cloud/instance/boot-finished')).toBeDefined();
  });

  test('is waited for when it reboots while cloud-init runs: what is told is the boot that is done', async () => {
    const machine = await poweredOn({ faults: { cloudInitTakesMs: 30_000, rebootAtMs: 20_000 } });
    const first = machine.bootId;
    const { bootId } = await wait(machine.spec.address);
    expect(bootId).toBe(machine.bootId);
    expect(bootId).not.toBe(first);
  });

  test('is taken where cloud-init ended with an error', async () => {
    const machine = await poweredOn({ userData: mergedUserData(userData, '#!/bin/sh\nexit 3\n') });
    expect(await wait(machine.spec.address)).toHaveProperty('bootId', machine.bootId);
    expect(await on(machine, 'cloud-init status')).toMatchObject({ stdout: 'status: error\n' });
  });

  test.each([
    ['is too old to be waited for', 'printf "#!/bin/sh\\nexit 2\\n" | sudo tee /usr/bin/cloud-init'],
    ['is not there', 'sudo rm /usr/bin/cloud-init'],
  ])('is taken where cloud-init %s', async (_, command) => {
    const machine = await poweredOn();
    expect(await on(machine, command)).toHaveProperty('exitCode', 0);
    expect(await on(machine, 'cloud-init status --wait')).not.toHaveProperty('exitCode', 0);
    expect(await wait(machine.spec.address)).toHaveProperty('bootId', machine.bootId);
  });

  test('is asked again where it could not say what it is', async () => {
    const failCommands = [{ match: 'uname -m', exitCode: 255, stderr: 'fork: no memory', times: 1 }];
    const machine = await poweredOn({ faults: { failCommands } });
    const beats: Beat[] = [];
    expect(await wait(machine.spec.address, { beats })).toHaveProperty('architecture', 'x86_64');
    expect(beats.map((beat) => beat.verdict)).toContain('unidentified');
  });

  test('is let in by the key of before, where the worker has a new one', async () => {
    const machine = await poweredOn({ authorizedKeys: [publicKey] });
    const view = await wait(machine.spec.address, { privateKeys: [newKey().private, privateKey] });
    expect(view.bootId).toBe(machine.bootId);
  });

  test('is not lost with a connection that falls silent while cloud-init runs', { timeout: 60_000 }, async () => {
    const hangConnectionsAfter = [{ connection: 0, afterMs: 1_000 }];
    const machine = await poweredOn({ factor: 10, faults: { cloudInitTakesMs: 20_000, hangConnectionsAfter } });
    const beats: Beat[] = [];
    await wait(machine.spec.address, { beats });
    expect(beats.at(-1)?.waitingFor).toMatch(/Keepalive/i);
  });
});

describe('a machine whose host key nobody knows', () => {
  test('is believed by the key that it shows on a connection made after cloud-init is done', async () => {
    const machine = await poweredOn({ faults: { cloudInitAfterMs: 60_000 } });
    // The image's own key shows first.
    const first = publicKeyOf(imageHostKey(machine.spec.seed, machine.spec.hostname).privateKey).fingerprint;
    const view = await wait(machine.spec.address, { fingerprint: undefined });
    expect(view.hostKeyFingerprint).toBe(fingerprint);
    expect(view.hostKeyFingerprint).not.toBe(first);
  });

  test("of an image that ignores user data, too: with the image's own", async () => {
    const machine = await poweredOn({ faults: { ignoresUserData: true } });
    const own = publicKeyOf(imageHostKey(machine.spec.seed, machine.spec.hostname).privateKey).fingerprint;
    expect(await wait(machine.spec.address, { fingerprint: undefined })).toHaveProperty('hostKeyFingerprint', own);
    expect(machine.commands.filter(({ exitCode }) => exitCode === 0)).toHaveLength(2);
  });
});

describe('a machine that is not reached in time says why', () => {
  test('nothing listens', async () => {
    const machine = await poweredOn({ faults: { sshAfterMs: HOUR_MS } });
    expect(await failureOf(wait(machine.spec.address, { withinMs: 500 }))).toEqual({
      type: 'ssh_unreachable',
      message: expect.stringMatching(/^127\..*: nothing listens for SSH \(.*ECONNREFUSED/) as string,
      nonRetryable: true,
      details: verdict('refused'),
    });
  });

  test('it takes the connection and says nothing', async () => {
    const machine = await poweredOn({ faults: { sshAfterMs: HOUR_MS, sshSilent: true } });
    const failure = await failureOf(wait(machine.spec.address, { withinMs: 13_000 }));
    expect(failure).toMatchObject({ type: 'ssh_unreachable', details: verdict('timed-out') });
    expect(failure.message).toMatch(/does not answer in time \(.* did not get past the SSH banner within 10000 ms\)/);
  }, 30_000);

  test('it closes every connection', async () => {
    const { port } = await startTcpServer((socket) => socket.end());
    const failure = await failureOf(wait('127.0.0.1', { port, withinMs: 500 }));
    expect(failure).toMatchObject({ type: 'ssh_unreachable', details: verdict('reset') });
    expect(failure.message).toContain('it closes the connection');
  });

  test('what answers speaks no SSH', async () => {
    const { port } = await startTcpServer((socket) => socket.write('SSH-1.0-ancient\r\n'));
    const failure = await failureOf(wait('127.0.0.1', { port, withinMs: 500 }));
    expect(failure).toMatchObject({ type: 'ssh_unreachable', details: verdict('protocol-error') });
  });

  test('there is no such place', async () => {
    const failure = await failureOf(wait('no-such-host.invalid', { withinMs: 500 }));
    expect(failure).toMatchObject({ type: 'ssh_unreachable', details: verdict('unreachable') });
  });

  test('it never shows the key we chose: waited out to the deadline, and nothing is sent to it', async () => {
    const machine = await poweredOn({ faults: { ignoresUserData: true } });
    const started = Date.now();
    const failure = await failureOf(wait(machine.spec.address, { withinMs: 1_000 }));
    expect(Date.now() - started).toBeGreaterThanOrEqual(400);
    expect(failure).toMatchObject({ type: 'host_key_mismatch', nonRetryable: true });
    expect(failure.details).toEqual(verdict('host-key-mismatch'));
    expect(failure.message).toContain(fingerprint);
    expect(machine.connections.length).toBeGreaterThan(2);
    expectUntouched(machine);
  });

  test('its address is now that of another machine: nothing is sent to that one', async () => {
    const ours = await poweredOn();
    await wait(ours.spec.address);
    await ours.powerOff();
    const stranger = await poweredOn({
      address: ours.spec.address,
      userData: hostKeyUserData(deriveHostKey({ secret: 'a secret of some length', salt: 'another token' })),
    });
    const failure = await failureOf(wait(stranger.spec.address, { withinMs: 500 }));
    expect(failure).toMatchObject({ type: 'host_key_mismatch' });
    expectUntouched(stranger);
  });

  test('its cloud-init never ends', async () => {
    const machine = await poweredOn({ faults: { cloudInitTakesMs: HOUR_MS } });
    const failure = await failureOf(wait(machine.spec.address, { withinMs: 3_000 }));
    expect(failure).toMatchObject({ type: 'ssh_unreachable', details: verdict('cloud-init-not-done') });
    expect(failure.message).toContain('its cloud-init does not end');
  });

  test('it never says what it is', async () => {
    const failCommands = [{ match: 'uname -m', exitCode: 255, stderr: 'fork: no memory' }];
    const machine = await poweredOn({ faults: { failCommands } });
    const failure = await failureOf(wait(machine.spec.address, { withinMs: 500 }));
    expect(failure).toMatchObject({ type: 'ssh_unreachable', details: verdict('unidentified') });
    expect(failure.message).toContain('fork: no memory');
  });
});

describe('permission denied', () => {
  const stranger = newKey().public;

  test('for longer than its grace is for good, long before the deadline', async () => {
    const machine = await poweredOn({ authorizedKeys: [stranger] });
    const failure = await failureOf(wait(machine.spec.address, { graceMs: 200 }));
    expect(failure).toMatchObject({
      type: 'ssh_unreachable',
      nonRetryable: true,
      details: verdict('permission-denied'),
    });
    expect(failure.message).toContain("does not accept the worker's SSH key");
    expect(machine.commands).toEqual([]);
  });

  test('is counted on by the worker that follows one that was lost', async () => {
    const machine = await poweredOn({ authorizedKeys: [stranger] });
    const since = new Date(Date.now() - 100_000).toISOString();
    const before = { verdict: 'permission-denied', since, tries: 70, waitingFor: 'denied' };
    const failure = await failureOf(wait(machine.spec.address, { graceMs: 90_000, before }));
    expect(failure.details).toEqual({ verdict: 'permission-denied', since, tries: 71 });
  });

  test('because the machine is still booting is not the last word', async () => {
    const banner = 'System is booting up. Unprivileged users are not permitted to log in yet.';
    const { port } = await startSshServer({ banner });
    const beats: Beat[] = [];
    const waiting = wait('127.0.0.1', {
      ...{ port, beats, graceMs: 0, withinMs: 1_000, fingerprint: undefined },
      privateKeys: [newKey().private],
    });
    const failure = await failureOf(waiting);
    expect(failure.details).toEqual(verdict('still-booting'));
    expect(beats.length).toBeGreaterThan(2);
  });
});

test('what it waits for, since when and how often it was tried, is in every heartbeat', async () => {
  const machine = await poweredOn({ faults: { sshAfterMs: 30_000 } });
  const beats: Beat[] = [];
  await wait(machine.spec.address, { beats });
  const refused = beats.filter((beat) => beat.verdict === 'refused');
  expect(new Set(refused.map(({ since }) => since)).size).toBe(1);
  expect(refused.map(({ tries }) => tries)).toEqual(refused.map(({ tries }) => tries).toSorted((a, b) => a - b));
});
