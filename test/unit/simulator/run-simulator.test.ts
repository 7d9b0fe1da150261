import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readPrivateKey } from '../../../src/clients/ssh/index.ts';
import { runSimulator, type RunSimulatorOptions } from '../../../src/simulator/main.ts';
import { publicKeyOfFile } from '../../../src/simulator/ssh-key-file.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'run-simulator-'));
});
afterAll(() => rm(folder, { recursive: true }));
const file = async (name: string, content: string): Promise<string> => {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
};

const rejected = (options: RunSimulatorOptions): Promise<void> =>
  runSimulator(options, { out: new PassThrough(), signal: AbortSignal.abort() });

describe('the simulator as a command', () => {
  test('prints what points a worker at it, answers there, and says at the end what happened', async () => {
    const out = new PassThrough({ encoding: 'utf8' });
    const stop = new AbortController();
    const options = {
      seed: '7',
      clockFactor: '100',
      sshPublicKey: await file('key.pub', 'ssh-ed25519 AAAA me\n'),
      faults: await file('plan.json', '[{"on": "regions", "do": {"kind": "error", "status": 503}}]'),
    };
    const run = runSimulator(options, { out, signal: stop.signal });
    await expect.poll(() => out.readableLength).toBeGreaterThan(0);
    const printed = String(out.read());
    const variables = Object.fromEntries(
      [...printed.matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]),
    );
    expect(Object.keys(variables)).toEqual([
      'LAMBDA_BASE_URL',
      'LAMBDA_API_KEY',
      'NAVARCH_CONTROL_PLANE_URL',
      'NAVARCH_AGENT_DOWNLOAD_URL',
      'NAVARCH_SSH_PORT',
    ]);
    const ask = (path: string): Promise<Response> =>
      fetch(`${variables['LAMBDA_BASE_URL'] ?? ''}${path}`, {
        headers: { authorization: `Bearer ${variables['LAMBDA_API_KEY'] ?? ''}` },
      });
    expect(await (await ask('/ssh-keys')).json()).toMatchObject({ data: [{ public_key: 'ssh-ed25519 AAAA me' }] });
    await expect.poll(async () => (await ask('/regions')).status).toBe(503);

    stop.abort();
    await run;
    expect(String(out.read())).toMatch(/^simulator: seed 7; 0 instances launched, 0 ended, none alive; .*\n$/);
    await expect(ask('/regions')).rejects.toThrow();
  });
});

describe('the SSH key of the account', () => {
  test('is made where there is none, for nobody else to read, and is the same the next time', async () => {
    const sshKeyFile = join(folder, 'made');
    await rejected({ sshKeyFile });
    const made = await readFile(sshKeyFile, 'utf8');
    expect((await stat(sshKeyFile)).mode & 0o777).toBe(0o600);
    expect(await publicKeyOfFile(sshKeyFile)).toBe(readPrivateKey(made).publicKey.openSsh);
    await rejected({ sshKeyFile });
    expect(await readFile(sshKeyFile, 'utf8')).toBe(made);
  });
});

describe('a bad option is named', () => {
  test('a number that is none', async () => {
    await expect(rejected({ lambdaPort: 'x' })).rejects.toThrow('--lambda-port: ');
    await expect(rejected({ clockFactor: -1 })).rejects.toThrow('--clock-factor: ');
  });

  test('a file that cannot be read, or is not what it should be', async () => {
    await expect(rejected({ faults: join(folder, 'none') })).rejects.toThrow('--faults: ');
    await expect(rejected({ faults: await file('a', '{') })).rejects.toThrow('is not JSON');
    await expect(rejected({ faults: await file('b', '[{"on": "lunch"}]') })).rejects.toThrow('fault plan: ');
    await expect(rejected({ sshPublicKey: await file('c', 'PRIVATE') })).rejects.toThrow('--ssh-public-key: ');
    await expect(rejected({ sshKeyFile: await file('d', 'PUBLIC') })).rejects.toThrow('--ssh-key-file: ');
    await expect(rejected({ sshKeyFile: join(folder, 'no', 'folder') })).rejects.toThrow('--ssh-key-file: ');
    await expect(rejected({ sshKeyFile: 'a', sshPublicKey: 'b' })).rejects.toThrow('not together');
  });

  test('a port that is taken', async () => {
    const out = new PassThrough();
    const stop = new AbortController();
    const first = runSimulator({}, { out, signal: stop.signal });
    await expect.poll(() => out.readableLength).toBeGreaterThan(0);
    const port = /^LAMBDA_BASE_URL=.*:(\d+)\//m.exec(String(out.read()))?.[1] ?? '';
    await expect(rejected({ lambdaPort: port })).rejects.toThrow('EADDRINUSE');
    stop.abort();
    await first;
  });
});
