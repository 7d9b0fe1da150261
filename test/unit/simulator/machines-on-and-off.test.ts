import { generateKeyPairSync } from 'node:crypto';
import ssh2 from 'ssh2';
import sshpk from 'sshpk';
import { afterEach, describe, expect, test } from 'vitest';
import {
  absentMachine,
  startSimulator,
  type FaultRule,
  type MachineSpec,
  type Simulator,
  type SimulatorOptions,
} from '../../../src/simulator/index.ts';

let simulator: Simulator;
afterEach(() => simulator.close());

const SECOND = 1000;
const MINUTE = 60 * SECOND;

const start = async (options: SimulatorOptions): Promise<Simulator> =>
  (simulator = await startSimulator({ seed: 7, clockFactor: 0, startAt: 0, limits: 'off', ...options }));

async function post(path: string, body: unknown): Promise<unknown> {
  const response = await fetch(`${simulator.lambdaUrl}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${simulator.apiKey}`, 'user-agent': 'test' },
    body: JSON.stringify(body),
  });
  return response.json();
}

async function launch(type: string, region: string, extra: Record<string, unknown> = {}): Promise<string> {
  const order = { instance_type_name: type, region_name: region, ssh_key_names: ['ci'], ...extra };
  const answer = (await post('/instance-operations/launch', order)) as { data: { instance_ids: [string] } };
  return answer.data.instance_ids[0];
}

const terminate = (id: string): Promise<unknown> => post('/instance-operations/terminate', { instance_ids: [id] });

describe('what a machine is made of', () => {
  const specs: MachineSpec[] = [];
  const noting = (...faults: FaultRule[]): Promise<Simulator> => {
    specs.length = 0;
    return start({
      sshKeys: [{ name: 'ci', publicKey: 'ssh-ed25519 AAAA ci' }],
      faults,
      createMachine: (spec) => {
        specs.push(spec);
        return absentMachine(spec);
      },
    });
  };

  test('the GPUs of its type, as nvidia-smi names them, and the key and user data of the launch', async () => {
    await noting();
    await launch('gpu_8x_h100_sxm5', 'us-east-1', { user_data: '#cloud-config', hostname: 'trainer' });
    await simulator.controls.advance(31 * SECOND);
    expect(specs).toHaveLength(1);
    expect(specs[0]).toMatchObject({
      hostname: 'trainer',
      architecture: 'x86_64',
      authorizedKeys: ['ssh-ed25519 AAAA ci'],
      userData: '#cloud-config',
      sshPort: simulator.sshPort,
      gpus: Array.from({ length: 8 }, () => ({ name: 'NVIDIA H100 80GB HBM3', memoryMiB: 81_559, cudaError: 0 })),
    });
    expect(new Set(specs[0]?.gpus.map(({ uuid }) => uuid)).size).toBe(8);
    expect(specs[0]?.gpus[0]?.uuid).toMatch(/^GPU-[0-9a-f]{8}-/);
  });

  test('GH200 is an ARM machine; CUDA is dead where the plan says so; faults are passed on', async () => {
    await noting(
      { on: 'instance', type: 'gpu_1x_gh200', do: { kind: 'cuda-error', code: 802 } },
      { on: 'machine', launch: 1, do: { rebootAtMs: 5 } },
    );
    await launch('gpu_1x_gh200', 'us-east-3');
    await launch('cpu_4x_general', 'us-east-1');
    await simulator.controls.advance(31 * SECOND);
    const gh200 = specs.find(({ instanceType }) => instanceType === 'gpu_1x_gh200');
    expect(gh200).toMatchObject({ architecture: 'aarch64', gpus: [{ cudaError: 802 }], faults: { rebootAtMs: 5 } });
    expect(specs.find(({ instanceType }) => instanceType === 'cpu_4x_general')).toMatchObject({ gpus: [], faults: {} });
  });

  test('one that is stuck or unhealthy has an address and nothing that answers there, until it recovers', async () => {
    await noting(
      { on: 'instance', launch: 1, do: { kind: 'stuck-booting' } },
      { on: 'instance', launch: 2, do: { kind: 'unhealthy', recoversAfterMs: 10 * MINUTE } },
    );
    await launch('gpu_1x_a10', 'us-east-1');
    await launch('gpu_1x_a10', 'us-east-1');
    await simulator.controls.advance(6 * MINUTE);
    expect(simulator.record.instances.map(({ address }) => typeof address)).toEqual(['string', 'string']);
    expect(specs).toEqual([]);
    await simulator.controls.advance(10 * MINUTE);
    expect(specs).toMatchObject([{ instanceId: simulator.record.instances[1]?.id }]);
  });

  test('one that cannot be switched on is a breakdown of the simulator, and said so at the end', async () => {
    await start({
      sshKeys: [{ name: 'ci', publicKey: 'ssh-ed25519 AAAA ci' }],
      createMachine: (spec) => ({ ...absentMachine(spec), powerOn: () => Promise.reject(new Error('EADDRNOTAVAIL')) }),
    });
    await launch('gpu_1x_a10', 'us-east-1');
    await simulator.controls.advance(31 * SECOND);
    expect(simulator.describe()).toMatch(/broken: machine of [0-9a-f]{32}: power on failed: Error: EADDRNOTAVAIL/);
  });

  test('fewer GPUs, others than its type has, or such whose CUDA recovers, where the plan says so', async () => {
    await noting(
      { on: 'instance', launch: 1, do: { kind: 'gpus-missing', gpus: [0, 6] } },
      { on: 'instance', launch: 2, do: { kind: 'wrong-gpus', model: 'a10' } },
      { on: 'instance', launch: 3, do: { kind: 'cuda-error', code: 802, gpus: [1], recoversAfterMs: 5 * MINUTE } },
    );
    for (let launches = 0; launches < 3; launches++) await launch('gpu_8x_h100_sxm5', 'us-east-1');
    await simulator.controls.advance(31 * SECOND);
    const [fewer, other, recovering] = simulator.record.instances.map(({ id }) =>
      specs.find(({ instanceId }) => instanceId === id),
    );
    expect(fewer?.gpus.map(({ uuid }) => uuid)).toEqual(
      simulator.record.instances[0]?.gpuUuids.filter((_, index) => index !== 0 && index !== 6),
    );
    expect(other?.gpus[7]).toMatchObject({ name: 'NVIDIA A10', memoryMiB: 23_028 });
    const errors = () => recovering?.gpus.map(({ cudaError }) => cudaError);
    expect(errors()).toEqual([0, 802, 0, 0, 0, 0, 0, 0]);
    await simulator.controls.advance(5 * MINUTE);
    expect(errors()).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  });
});

describe('a machine with SSH', () => {
  // Not by ssh2's own generator: one in about 200 of its ed25519 keys is unreadable, for itself too.
  const pem = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' });
  const key = sshpk.parsePrivateKey(pem, 'pkcs8');
  const connects = (host: string): Promise<boolean> =>
    new Promise((resolve) => {
      const client = new ssh2.Client();
      const answer = (isUp: boolean): void => {
        client.destroy();
        resolve(isUp);
      };
      client
        .on('ready', () => answer(true))
        .on('error', () => answer(false))
        .connect({ host, port: simulator.sshPort, username: 'ubuntu', privateKey: key.toString('ssh-private') });
    });

  test('answers at its own address once it has one, with the key of the launch, and not after terminate', async () => {
    await start({ clockFactor: 1, sshKeys: [{ name: 'ci', publicKey: key.toPublic().toString('ssh') }] });
    const ids = [await launch('gpu_1x_a10', 'us-east-1'), await launch('gpu_1x_a10', 'us-east-1')];
    await simulator.controls.advance(60 * SECOND);
    const [first = '', second = ''] = simulator.record.instances.map(({ address }) => address ?? '');
    expect(first).not.toBe(second);
    await expect.poll(() => connects(first)).toBe(true);
    await expect.poll(() => connects(second)).toBe(true);
    expect(simulator.record.connections).toContainEqual(
      expect.objectContaining({ instanceId: ids[0], kind: 'authenticated' }),
    );

    await terminate(ids[0] ?? '');
    await simulator.controls.advance(0);
    expect(await connects(first)).toBe(false);
    expect(await connects(second)).toBe(true);

    await simulator.close();
    expect(await connects(second)).toBe(false);
  });
});
