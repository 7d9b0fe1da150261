import { DefaultLogger } from '@temporalio/worker';
import { MockActivityEnvironment } from '@temporalio/testing';
import { ApplicationFailure } from '@temporalio/common';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { describe, expect, test } from 'vitest';
import { DEFAULT_LOOKS, type ActivityDependencies } from '../../../src/activities/dependencies.ts';
import { proveGpus } from '../../../src/activities/gpu-proof.ts';
import type { ProvenGpus } from '../../../src/activities/types.ts';
import type { CondemnedGpu } from '../../../src/domain/condemned-gpus.ts';
import type { OrderedGpus } from '../../../src/domain/offerings.ts';
import { GPU_MODELS, type GpuModel } from '../../../src/simulator/gpu-models.ts';
import type { MachineGpu } from '../../../src/simulator/machines/machine.ts';
import { privateKey, testMachine, type TestMachine } from '../machines/machine-support.ts';

// The proof against simulated machines with real SSH. That the script it sends is right, test/unit/gpu-probe shows.

const EIGHT_H100: OrderedGpus = { count: 8, description: 'H100 (80 GB SXM5)' };
const ONE_H100: OrderedGpus = { count: 1, description: 'H100 (80 GB SXM5)' };

/** `cudaError` is asked at each look. */
function gpus(count: number, model: GpuModel, cudaError: (index: number) => number = () => 0): MachineGpu[] {
  return Array.from({ length: count }, (_, index) => ({
    uuid: `GPU-00000000-0000-0000-0000-00000000000${index}`,
    name: model.smiName,
    memoryMiB: model.memoryMiB,
    get cudaError() {
      return cudaError(index);
    },
  }));
}

const uuids = (count: number): string[] => gpus(count, GPU_MODELS.a10).map(({ uuid }) => uuid);

/** The broker as the activity sees it through Temporal's client: what it knows, and what it is told. */
function broker(known: readonly CondemnedGpu[] | 'absent' | 'silent' = 'absent') {
  const told: object[] = [];
  const handle = {
    query: () => {
      if (known === 'absent') throw new WorkflowNotFoundError('no broker', 'account/default', undefined);
      if (known === 'silent') throw new Error('DEADLINE_EXCEEDED');
      return Promise.resolve(known);
    },
    signal: (_: unknown, cleared: object) => Promise.resolve(void told.push({ cleared })),
  };
  const temporal = {
    withDeadline: async <T>(_: number, call: () => Promise<T>) => call(),
    workflow: {
      getHandle: () => handle,
      signalWithStart: (type: string, { workflowId, signalArgs }: { workflowId: string; signalArgs: object[] }) =>
        Promise.resolve(void told.push({ type, workflowId, condemned: signalArgs[0] })),
    },
  };
  return { told, temporal: temporal as unknown as Client };
}

interface Proof {
  readonly gpuMs?: number;
  readonly heartbeatTimeoutMs?: number;
  readonly ordered: OrderedGpus;
  readonly temporal?: Client;
  readonly heartbeatDetails?: unknown;
  readonly onHeartbeat?: (details: unknown) => void;
}

async function prove(machine: TestMachine, proof: Proof) {
  const { ordered, temporal, heartbeatDetails, onHeartbeat, gpuMs = 20, heartbeatTimeoutMs = 30_000 } = proof;
  const dependencies = {
    temporal: temporal ?? broker().temporal,
    account: undefined,
    ssh: {
      privateKeys: () => Promise.resolve([privateKey]),
      username: 'ubuntu',
      port: machine.spec.sshPort,
    },
    looks: { ...DEFAULT_LOOKS, hostMs: 5, gpuMs },
  } as unknown as ActivityDependencies;
  const environment = new MockActivityEnvironment(
    { startToCloseTimeoutMs: 60_000, scheduleToCloseTimeoutMs: 60_000, heartbeatTimeoutMs, heartbeatDetails },
    { logger: new DefaultLogger('ERROR') },
  );
  if (onHeartbeat !== undefined) environment.on('heartbeat', onHeartbeat);
  const host = { address: machine.spec.address, launchToken: 'token', isTrusted: true };
  return environment.run<[], ProvenGpus, () => Promise<ProvenGpus>>(() =>
    proveGpus(dependencies, { host, instanceType: 'gpu', ordered }),
  );
}

async function failureOf(proof: Promise<unknown>) {
  try {
    await proof;
  } catch (error) {
    if (!(error instanceof ApplicationFailure)) throw error;
    const { type, message, nonRetryable, details } = error;
    return { type, message, nonRetryable, details: details?.[0] };
  }
  throw new Error('it was proven');
}

/** How often its GPUs were looked at. */
function looksAt({ commands }: TestMachine): number {
  return commands.filter(({ command, exitCode }) => command === 'python3 -' && exitCode === 0).length;
}

describe('GPUs that compute are proven at the first look', () => {
  test.each<[what: string, count: number, model: GpuModel, description: string, architecture: 'x86_64' | 'aarch64']>([
    ['one H100', 1, GPU_MODELS.h100Sxm5, 'H100 (80 GB SXM5)', 'x86_64'],
    ['eight H100', 8, GPU_MODELS.h100Sxm5, 'H100 (80 GB SXM5)', 'x86_64'],
    ['a GH200', 1, GPU_MODELS.gh200, 'GH200 (96 GB)', 'aarch64'],
  ])('%s', async (_, count, model, description, architecture) => {
    const machine = testMachine({ gpus: gpus(count, model), architecture });
    await machine.powerOn();
    expect(await prove(machine, { ordered: { count, description } })).toEqual({
      bootId: machine.bootId,
      gpus: uuids(count).map((uuid, index) => ({ index, uuid, model: model.smiName, memoryMib: model.memoryMiB })),
    });
    expect(looksAt(machine)).toBe(1);
  });
});

describe('GPUs that do not work get four looks', () => {
  test('and 802 for ever condemns the machine; its GPUs are remembered by UUID', async () => {
    const machine = testMachine({ gpus: gpus(8, GPU_MODELS.h100Sxm5, () => 802) });
    await machine.powerOn();
    const { told, temporal } = broker();
    const failure = await failureOf(prove(machine, { ordered: EIGHT_H100, temporal }));
    expect(failure).toEqual({
      type: 'gpu_unhealthy',
      message: expect.stringMatching(
        /^CUDA fails: cuInit gives CUDA error 802 \(system not yet initialized\), in 4 looks over /,
      ) as string,
      nonRetryable: true,
      details: { gpus: uuids(8), looks: 4 },
    });
    expect(looksAt(machine)).toBe(4);
    expect(told).toMatchObject([
      { type: 'accountBroker', workflowId: 'account/default', condemned: { uuids: uuids(8), forMs: 86_400_000 } },
    ]);
  });

  test('and 802 that is gone at the third keeps the machine', async () => {
    const machine: TestMachine = testMachine({
      gpus: gpus(1, GPU_MODELS.h100Sxm5, () => (looksAt(machine) < 2 ? 802 : 0)),
    });
    await machine.powerOn();
    const { told, temporal } = broker();
    expect(await prove(machine, { ordered: ONE_H100, temporal })).toMatchObject({ gpus: [{ uuid: uuids(1)[0] }] });
    expect(looksAt(machine)).toBe(3);
    expect(told).toEqual([]);
  });

  test.each<
    [what: string, spec: Partial<Parameters<typeof testMachine>[0]>, message: RegExp, named: readonly string[]]
  >([
    ['one of eight is missing', { gpus: gpus(7, GPU_MODELS.h100Sxm5) }, /^only 7 of 8 GPUs are there, in 4/, uuids(7)],
    [
      'one of eight has a broken context',
      { gpus: gpus(8, GPU_MODELS.h100Sxm5, (index) => (index === 5 ? 214 : 0)) },
      /^GPU 5 \(GPU-\S+\) does not work: cuCtxCreate gives CUDA error 214 \(uncorrectable ECC error encountered\)/,
      uuids(8).slice(5, 6),
    ],
    [
      'the driver does not answer',
      { gpus: gpus(8, GPU_MODELS.h100Sxm5), faults: { nvidiaSmi: 'broken' } },
      /^the NVIDIA driver does not answer: nvidia-smi says: NVIDIA-SMI has failed/,
      [],
    ],
    ['every GPU is missing', { gpus: [], withDriver: true }, /^CUDA fails: cuInit gives CUDA error 100/, []],
  ])('where %s', async (_, spec, message, named) => {
    const machine = testMachine(spec);
    await machine.powerOn();
    const failure = await failureOf(prove(machine, { ordered: EIGHT_H100 }));
    expect(failure).toMatchObject({ type: 'gpu_unhealthy', details: { gpus: named, looks: 4 } });
    expect(failure.message).toMatch(message);
    expect(looksAt(machine)).toBe(4);
  });

  test('by all workers together: one that takes over goes on where the other was', async () => {
    const machine = testMachine({ gpus: gpus(1, GPU_MODELS.h100Sxm5, () => 802) });
    await machine.powerOn();
    const left: { looks: number }[] = [];
    await failureOf(
      prove(machine, {
        ...{ ordered: ONE_H100, heartbeatTimeoutMs: 6 },
        onHeartbeat: (details) => left.push(details as { looks: number }),
      }),
    );
    const heartbeatDetails = left.findLast(({ looks }) => looks === 2);
    const before = looksAt(machine);
    const failure = await failureOf(prove(machine, { ordered: ONE_H100, heartbeatDetails }));
    expect(failure).toMatchObject({ type: 'gpu_unhealthy', details: { looks: 4 } });
    expect(looksAt(machine) - before).toBe(2);
  });

  test('so far apart that the worker is heard of in between', async () => {
    const machine: TestMachine = testMachine({
      gpus: gpus(1, GPU_MODELS.h100Sxm5, () => (looksAt(machine) < 1 ? 802 : 0)),
    });
    await machine.powerOn();
    const heard: unknown[] = [];
    const onHeartbeat = (details: unknown): void => void heard.push(details);
    await prove(machine, { ordered: ONE_H100, gpuMs: 1_500, heartbeatTimeoutMs: 300, onHeartbeat });
    const looksHeard = heard.filter((details) => (details as { looks: number }).looks === 1);
    expect(looksHeard.length).toBeGreaterThan(10);
  });

  test('not counting those that SSH broke off', async () => {
    const machine = testMachine({
      gpus: gpus(1, GPU_MODELS.h100Sxm5, () => 802),
      faults: { dropConnections: [0, 2, 3].map((connection) => ({ connection, afterMs: 0 })) },
    });
    await machine.powerOn();
    expect(await failureOf(prove(machine, { ordered: ONE_H100 }))).toMatchObject({ details: { looks: 4 } });
    expect(machine.connections.filter(({ kind }) => kind === 'connected').length).toBeGreaterThan(4);
  });
});

test('a machine of another kind is condemned at once, and its GPUs are not remembered as broken', async () => {
  const machine = testMachine({ gpus: gpus(1, GPU_MODELS.a10) });
  await machine.powerOn();
  const { told, temporal } = broker();
  const failure = await failureOf(
    prove(machine, { ordered: { count: 1, description: 'A100 (40 GB SXM4)' }, temporal }),
  );
  expect(failure).toMatchObject({
    type: 'gpu_unhealthy',
    message: `GPU 0 (${uuids(1).join()}) is NVIDIA A10, and A100 (40 GB SXM4) was ordered`,
    nonRetryable: true,
  });
  expect([looksAt(machine), told]).toEqual([1, []]);
});

describe('what cannot be proven is said at once, with the way around it', () => {
  test.each([
    ['no python3', { python: 'missing' }],
    ['neither nvidia-smi nor libcuda.so.1', { nvidiaSmi: 'missing' }],
  ] as const)('where the image has %s', async (missing, faults) => {
    const machine = testMachine({ gpus: gpus(1, GPU_MODELS.h100Sxm5), faults });
    await machine.powerOn();
    const failure = await failureOf(prove(machine, { ordered: ONE_H100 }));
    expect(failure).toMatchObject({ type: 'gpu_unproven', nonRetryable: true });
    expect(failure.message).toContain(missing);
    expect(failure.message).toContain("gpuCheck: 'off'");
  });
});

describe('GPUs that were condemned before', () => {
  const at = Date.parse('2026-11-25T10:00:00Z');
  const known = [{ uuid: uuids(1).join(), reason: '802', at, until: Date.now() + 3_600_000 }];

  test('get no second look, and the failure says why', async () => {
    const machine = testMachine({ gpus: gpus(1, GPU_MODELS.h100Sxm5, () => 802) });
    await machine.powerOn();
    const { told, temporal } = broker(known);
    const failure = await failureOf(prove(machine, { ordered: ONE_H100, temporal }));
    expect(failure).toMatchObject({ type: 'gpu_unhealthy', details: { looks: 1 } });
    expect(failure.message).toMatch(/; seen broken before, at 2026-11-25T10:00:00.000Z$/);
    expect(told).toMatchObject([{ condemned: { uuids: uuids(1) } }]);
  });

  test('are believed when they work, and forgotten', async () => {
    const machine = testMachine({ gpus: gpus(1, GPU_MODELS.h100Sxm5) });
    await machine.powerOn();
    const { told, temporal } = broker(known);
    expect((await prove(machine, { ordered: ONE_H100, temporal })).gpus).toHaveLength(1);
    expect(told).toEqual([{ cleared: { uuids: uuids(1) } }]);
  });

  test.each<[what: string, known: Parameters<typeof broker>[0]]>([
    ['others are', [{ uuid: 'GPU-other', reason: '', at, until: Date.now() + 3_600_000 }]],
    ['it was too long ago', [{ uuid: uuids(1).join(), reason: '', at, until: Date.now() - 1 }]],
    ['the broker does not answer', 'silent'],
    ['there is no broker', 'absent'],
  ])('get their four looks when %s', async (_, remembered) => {
    const machine = testMachine({ gpus: gpus(1, GPU_MODELS.h100Sxm5, () => 802) });
    await machine.powerOn();
    const { temporal } = broker(remembered);
    expect(await failureOf(prove(machine, { ordered: ONE_H100, temporal }))).toMatchObject({ details: { looks: 4 } });
  });
});
