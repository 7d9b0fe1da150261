import { generateKeyPairSync } from 'node:crypto';
import { onTestFinished } from 'vitest';
import ssh2 from 'ssh2';
import type { ClientChannel } from 'ssh2';
import sshpk from 'sshpk';
import { RunningClock } from '../../../src/simulator/clock.ts';
import { createMachine } from '../../../src/simulator/machines/create-machine.ts';
import type { Machine, MachineSpec } from '../../../src/simulator/machines/machine.ts';

const pem = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' });
const key = sshpk.parsePrivateKey(pem, 'pkcs8');
export const privateKey = key.toString('ssh-private');
export const publicKey = key.toPublic().toString('ssh');

export interface TestMachine extends Machine {
  readonly connections: { readonly kind: string; readonly detail?: string }[];
  readonly commands: { readonly command: string; readonly exitCode?: number }[];
  readonly started: (readonly string[])[];
}

let lastAddress = 1;

/** A machine of its own for one test, gone when the test is; its time runs fast unless `factor` says otherwise. */
export function testMachine(options: Partial<MachineSpec> & { readonly factor?: number } = {}): TestMachine {
  const { factor = 100, ...spec } = options;
  const clock = spec.clock ?? new RunningClock({ factor });
  lastAddress += 1;
  const connections: TestMachine['connections'] = [];
  const commands: TestMachine['commands'] = [];
  const started: TestMachine['started'] = [];
  const machine = createMachine({
    instanceId: '0123456789abcdef0123456789abcdef',
    address: `127.${process.pid % 250}.${Math.floor(process.pid / 250) % 250}.${lastAddress}`,
    sshPort: 2222,
    hostname: '192-0-2-7',
    region: 'us-south-2',
    instanceType: 'gpu_1x_h100_sxm5',
    architecture: 'x86_64',
    gpus: [
      {
        uuid: 'GPU-5c8a41f0-aaaa-bbbb-cccc-0123456789ab',
        name: 'NVIDIA H100 80GB HBM3',
        memoryMiB: 81_559,
        cudaError: 0,
      },
    ],
    authorizedKeys: [publicKey],
    faults: {},
    seed: 7,
    log: {
      connection: (event) => connections.push(event),
      command: (event) => commands.push(event),
      process: (event) => started.push(event.argv),
    },
    ...spec,
    clock,
  });
  onTestFinished(async () => {
    await machine.powerOff();
    clock.stop();
  });
  return Object.assign(machine, { connections, commands, started });
}

export interface Connected {
  readonly client: ssh2.Client;
  readonly hostKey: Buffer;
}

/** One attempt to log in, as ubuntu unless told. */
export function connect(machine: Machine, overrides: Partial<ssh2.ConnectConfig> = {}): Promise<Connected> {
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client();
    let hostKey: Buffer = Buffer.alloc(0);
    client.once('ready', () => {
      // Otherwise each command waits 40 ms for the other side's delayed acknowledgement.
      client.setNoDelay(true);
      resolve({ client, hostKey });
    });
    client.on('error', reject);
    client.once('close', () => reject(new Error('closed')));
    client.connect({
      host: machine.spec.address,
      port: machine.spec.sshPort,
      username: 'ubuntu',
      privateKey,
      readyTimeout: 5_000,
      hostVerifier: (shown: Buffer) => {
        hostKey = shown;
        return true;
      },
      ...overrides,
    });
    onTestFinished(() => {
      client.end();
    });
  });
}

/** Logs in as soon as the machine lets us. */
export async function connectWhenUp(machine: Machine): Promise<Connected> {
  for (;;) {
    try {
      return await connect(machine);
    } catch {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

export interface Ran {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts a command; `onChannel` sees its channel before any of its events. */
export function open(
  client: ssh2.Client,
  command: string,
  onChannel: (channel: ClientChannel) => void = () => undefined,
): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    client.exec(command, (error, channel) => {
      if (error !== undefined) {
        reject(error);
        return;
      }
      onChannel(channel);
      resolve(channel);
    });
  });
}

/** Runs one command to its end. */
export async function run(client: ssh2.Client, command: string, stdin: string | Buffer = ''): Promise<Ran> {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  let exitCode: number | undefined;
  return new Promise((resolve, reject) => {
    open(client, command, (channel) => {
      channel.once('exit', (code: number | null) => (exitCode = code ?? undefined));
      channel.on('data', (chunk: Buffer) => stdout.push(chunk));
      channel.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
      channel.once('close', () =>
        resolve({ exitCode, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() }),
      );
      channel.end(stdin);
    }).catch(reject);
  });
}

/** Looks until it is so. */
export async function until<T>(look: () => Promise<T | undefined | false> | T | undefined | false): Promise<T> {
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Resolves when the connection is over, in whatever way. */
export function closed(client: ssh2.Client): Promise<void> {
  return new Promise((resolve) => {
    client.once('close', () => resolve());
  });
}

/** A machine's factor at which time stands still, for tests that move it by hand. */
export const BY_HAND = 1e-6;

/** Lets simulated time pass on a machine, in steps small enough that what falls due can start what comes next. */
export async function elapse(machine: Machine, ms: number): Promise<void> {
  const { clock } = machine.spec;
  const end = clock.now() + ms;
  while (clock.now() < end) {
    clock.advanceTo(Math.min(end, clock.now() + STEP_MS));
    await settle();
  }
}

/** Lets time pass until it is so. */
export async function elapseUntil<T>(
  machine: Machine,
  look: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    await elapse(machine, STEP_MS);
  }
}

const STEP_MS = 100;
/** So many turns of the event loop are enough for a shell to get from one command to the next. */
const TURNS = 8;

async function settle(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
