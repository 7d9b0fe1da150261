import { generateKeyPairSync } from 'node:crypto';
import { createServer, request as connectHttp } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { DEFAULT_LOOKS, type ActivityDependencies } from '../../../src/activities/dependencies.ts';
import { createNavarchActivities } from '../../../src/activities/navarch.ts';
import type { RegisteredView, RegistrationInput } from '../../../src/activities/types.ts';
import { NavarchClient, type NavarchRegistration } from '../../../src/clients/navarch/index.ts';
import { absentMachine, startSimulator, type Simulator } from '../../../src/simulator/index.ts';
import { endOf } from './end-of.ts';

// Against the simulator's control plane, with a node's agent played by a client; with agents on machines: registration-agent.test.ts.

const TOKEN = 'the-right-token';
const KEY = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
const GPU = { index: 0, uuid: 'GPU-5e1f', model: 'NVIDIA A10', memoryMib: 23_028 };
const INPUT: RegistrationInput = {
  nodeId: 'i-1',
  region: 'us-east-1',
  instanceType: 'gpu_1x_a10',
  pool: 'training',
  host: { address: '127.0.0.2', launchToken: 'token1', hostKeyFingerprint: `SHA256:${'A'.repeat(43)}` },
  gpus: [GPU],
  allowFakeGpus: false,
  mode: 'agent',
};
const REGISTRATION: NavarchRegistration = {
  nodeId: 'i-1',
  provider: 'lambda',
  region: 'us-east-1',
  instanceType: 'gpu_1x_a10',
  labels: { pool: 'training' },
  gpus: [
    {
      ...{ index: 0, uuid: 'GPU-5e1f', name: 'NVIDIA A10', memoryBytes: 23_028 * 2 ** 20 },
      ...{ pciBusId: '00000000:07:00.0', driverVersion: '570', cudaVersion: '12.8' },
    },
  ],
};

let simulator: Simulator;
let agent: NavarchClient;

beforeEach(async () => {
  simulator = await startSimulator({ seed: 1, createMachine: absentMachine, navarchToken: TOKEN });
  agent = new NavarchClient({ baseUrl: simulator.navarchUrl, authToken: TOKEN });
});
afterEach(() => simulator.close());

/** A worker's step; `details` are what an earlier attempt left. */
function worker(
  options: {
    readonly token?: () => string;
    readonly graceMs?: number;
    readonly details?: unknown;
    readonly url?: string;
    readonly withinMs?: number;
  } = {},
) {
  const { token = () => TOKEN, graceMs = 60_000, details, url = simulator.navarchUrl, withinMs = 20_000 } = options;
  const beats: unknown[] = [];
  const environment = new MockActivityEnvironment({
    startToCloseTimeoutMs: withinMs,
    scheduleToCloseTimeoutMs: withinMs,
    heartbeatTimeoutMs: 200,
    heartbeatDetails: details,
  });
  environment.on('heartbeat', (beat) => beats.push(beat));
  const activities = createNavarchActivities({
    navarch: new NavarchClient({ baseUrl: url, authToken: token, timeoutMs: 2_000 }),
    looks: { ...DEFAULT_LOOKS, hostMs: 10, graceMs, forgottenMs: 60_000 },
    // Nothing listens there.
    ssh: { privateKeys: () => Promise.resolve([KEY]), username: 'ubuntu', port: 1 },
  } as unknown as ActivityDependencies);
  return {
    beats,
    check: () => environment.run(() => activities.checkNavarch()),
    look: (more: Partial<RegistrationInput> = {}) =>
      environment.run(() => activities.lookAtRegistration({ ...INPUT, ...more })),
    wait: (more: Partial<RegistrationInput> = {}) =>
      environment.run<[RegistrationInput], RegisteredView, (input: RegistrationInput) => Promise<RegisteredView>>(
        (input) => activities.awaitRegistration(input),
        { ...INPUT, ...more },
      ),
  };
}

/** As an agent that lives on: a heartbeat every few milliseconds, until stopped. */
function beating(): () => void {
  const timer = setInterval(() => void heartbeat().catch(() => undefined), 20);
  return () => clearInterval(timer);
}

async function heartbeat(): Promise<void> {
  await say('SendHeartbeat', { timestamp: new Date().toISOString() });
}

async function lastHeartbeatMs(): Promise<number> {
  return (await agent.getNode('i-1'))?.lastHeartbeatMs ?? 0;
}

/** What only agents say. */
async function say(method: string, message: object): Promise<void> {
  await fetch(`${simulator.navarchUrl}/navarch.ControlPlaneService/${method}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` },
    body: JSON.stringify({ nodeId: 'i-1', ...message }),
  });
}

/** Commands that Navarch was given. */
function commands(): readonly string[] {
  return simulator.record.nodeCommands.map(({ command }) => command);
}

/** Navarch behind a proxy that has its own answers to the first calls. Returns its URL. */
async function behindProxy(statuses: readonly number[]): Promise<string> {
  const left = [...statuses];
  const server = createServer((request, response) => {
    const status = left.shift();
    if (status !== undefined) {
      response.writeHead(status, { 'content-type': 'text/html' }).end('<h1>not now</h1>');
      return;
    }
    const { port, hostname } = new URL(simulator.navarchUrl);
    const { method = 'GET', url: path, headers } = request;
    const forwarded = connectHttp({ port, hostname, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    request.pipe(forwarded);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('before anything is launched', () => {
  test('a token that Navarch does not take ends the request', async () => {
    expect(await endOf(worker({ token: () => 'wrong' }).check())).toMatchObject({ type: 'unauthorized' });
  });

  test('a Navarch that is away, or has restarted, does not', async () => {
    await worker().check();
    simulator.controls.setNavarchUp(false);
    await worker().check();
  });
});

describe('the wait for a registration', () => {
  test('ends when the node is ACTIVE, ours, with the GPUs that were seen, and heard', async () => {
    await agent.registerNode(REGISTRATION);
    const stop = beating();
    expect(await worker().wait()).toMatchObject({ gpus: [GPU], fakeGpus: false });
    stop();
  });

  test('fails on GPUs that are not those of the machine', async () => {
    await agent.registerNode({ ...REGISTRATION, gpus: [] });
    const stop = beating();
    expect(await endOf(worker().wait())).toMatchObject({ type: 'registration_failed' });
    stop();
  });

  test('outlasts a token that is being exchanged, and fails on one that stays wrong', async () => {
    await agent.registerNode(REGISTRATION);
    const stop = beating();
    let token = 'the-next-token';
    const exchanged = worker({ token: () => token }).wait();
    setTimeout(() => (token = TOKEN), 200);
    expect(await exchanged).toMatchObject({ gpus: [GPU] });
    const failed = await endOf(worker({ token: () => 'wrong', graceMs: 100 }).wait());
    expect(failed).toMatchObject({ type: 'unauthorized' });
    expect(failed.message).not.toContain('wrong');
    stop();
  });

  test('outlasts a Navarch that is away', async () => {
    await agent.registerNode(REGISTRATION);
    simulator.controls.setNavarchUp(false);
    const { wait, beats } = worker();
    const waiting = wait();
    setTimeout(() => simulator.controls.setNavarchUp(true), 300);
    const stop = beating();
    expect(await waiting).toMatchObject({ gpus: [GPU] });
    expect(JSON.stringify(beats)).toContain(simulator.navarchUrl);
    stop();
  });

  test('whose Navarch is away to the end is no fault of the machine', async () => {
    simulator.controls.setNavarchUp(false);
    expect(await endOf(worker({ withinMs: 1_000 }).wait())).toMatchObject({ type: 'provider_unavailable' });
  });

  test('goes on with what an earlier attempt has seen: an old heartbeat is not taken for a new one', async () => {
    await agent.registerNode(REGISTRATION);
    await heartbeat();
    const { beats, wait } = worker();
    const first = endOf(wait());
    while (!beats.some((beat) => JSON.stringify(beat).includes('firstSeenHeartbeatMs'))) await pause();
    const details = beats.at(-1);
    const second = worker({ details });
    let over = false;
    const waiting = second.wait().finally(() => (over = true));
    while (second.beats.length < 5) await pause();
    expect(over).toBe(false);
    const stop = beating();
    expect(await waiting).toMatchObject({ gpus: [GPU] });
    stop();
    await first;
  });

  test('takes no heartbeat again that was heard before, where it is told so', async () => {
    await agent.registerNode(REGISTRATION);
    const stop = beating();
    const { heardMs = 0 } = await worker().wait();
    stop();
    expect(await worker().wait({ heardAfterMs: heardMs - 1 })).toMatchObject({ gpus: [GPU] });
    const last = await lastHeartbeatMs();
    const later = worker();
    let over = false;
    const waiting = later.wait({ heardAfterMs: last }).finally(() => (over = true));
    while (later.beats.length < 5) await pause();
    expect(over).toBe(false);
    await heartbeat();
    expect((await waiting).heardMs).toBeGreaterThan(last);
  });

  test('mends a node that is heard and held UNHEALTHY, writes that down before, and hears it once more', async () => {
    await agent.registerNode(REGISTRATION);
    simulator.controls.setNodeStatus('i-1', 'UNHEALTHY');
    const { beats, wait } = worker();
    const waiting = wait();
    while (!JSON.stringify(beats).includes('UNHEALTHY')) await pause();
    await heartbeat();
    while (commands().length < 2) await pause();
    expect(commands()).toEqual(['CORDON', 'UNCORDON']);
    expect(JSON.stringify(beats.slice(0, -1))).toContain('mendingSince');
    const stop = beating();
    expect(await waiting).toMatchObject({ gpus: [GPU] });
    expect(commands()).toHaveLength(2);
    stop();
  });

  test('takes back the cordon that a worker left who was killed between the two', async () => {
    await agent.registerNode(REGISTRATION);
    await agent.issueCommand({ nodeId: 'i-1', command: 'cordon' });
    const details = { looked: true, restarts: 0, mendingSince: 1, waitingFor: 'mending' };
    const stop = beating();
    expect(await worker({ details }).wait()).toMatchObject({ gpus: [GPU] });
    expect(commands()).toEqual(['CORDON', 'UNCORDON']);
    stop();
  });

  test('does not talk away what the agent itself reports', async () => {
    await agent.registerNode(REGISTRATION);
    await say('ReportHealth', { results: [{ checkName: 'xid', status: 'HEALTH_STATUS_UNHEALTHY' }] });
    simulator.controls.setNodeStatus('i-1', 'UNHEALTHY');
    const stop = beating();
    const failed = await endOf(worker({ withinMs: 1_000 }).wait());
    expect(failed).toMatchObject({ type: 'registration_failed' });
    expect(failed.message).toContain('its agent reports itself unhealthy');
    expect(commands()).toEqual([]);
    stop();
  });

  test('outlasts answers that Navarch never gives, as of a proxy before it', async () => {
    await agent.registerNode(REGISTRATION);
    const stop = beating();
    const url = await behindProxy([500, 404, 502]);
    expect(await worker({ url }).wait()).toMatchObject({ gpus: [GPU] });
    stop();
  });

  test('leaves a node alone that somebody else has cordoned', async () => {
    await agent.registerNode(REGISTRATION);
    await agent.issueCommand({ nodeId: 'i-1', command: 'cordon' });
    const { beats, wait } = worker();
    const stop = beating();
    const waiting = wait();
    while (!JSON.stringify(beats.at(-1) ?? '').includes('CORDONED')) await pause();
    expect(simulator.record.nodeCommands).toHaveLength(1);
    await agent.issueCommand({ nodeId: 'i-1', command: 'uncordon' });
    expect(await waiting).toMatchObject({ gpus: [GPU] });
    stop();
  });
});

describe('one look more at a node that was registered', () => {
  test('tells what the wait would, and changes nothing where it would have to wait', async () => {
    const { look } = worker();
    expect(await look()).toBeUndefined();
    await agent.registerNode(REGISTRATION);
    await heartbeat();
    const last = await lastHeartbeatMs();
    expect(await look({ heardAfterMs: last - 1 })).toEqual({ gpus: [GPU], fakeGpus: false, heardMs: last });
    expect(await look({ heardAfterMs: last })).toBeUndefined();
    simulator.controls.setNodeStatus('i-1', 'UNHEALTHY');
    expect(await look({ heardAfterMs: last - 1 })).toBeUndefined();
    expect(commands()).toEqual([]);
  });

  test('says nothing when Navarch does not answer', async () => {
    simulator.controls.setNavarchUp(false);
    expect(await worker().look()).toBeUndefined();
  });
});

describe('a node that has no agent', () => {
  test('is registered by us, with its GPUs, and again when Navarch has forgotten it', async () => {
    expect(await worker().wait({ mode: 'direct' })).toMatchObject({ gpus: [GPU], fakeGpus: false });
    simulator.controls.restartNavarch();
    expect(await worker().wait({ mode: 'direct' })).toMatchObject({ gpus: [GPU], fakeGpus: false });
    expect(simulator.record.registrations).toMatchObject([
      { nodeId: 'i-1', region: 'us-east-1', gpuUuids: ['GPU-5e1f'], labels: { pool: 'training' } },
      { nodeId: 'i-1' },
    ]);
  });
});

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 10));
}
