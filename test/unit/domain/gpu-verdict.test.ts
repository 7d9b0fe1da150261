import { describe, expect, test } from 'vitest';
import { readGpuReport, type GpuReport, type ListedGpu } from '../../../src/domain/gpu-report.ts';
import { judgeGpus } from '../../../src/domain/gpu-verdict.ts';
import { INSTANCE_TYPES } from '../../../src/simulator/catalogue.ts';
import { GPU_MODELS } from '../../../src/simulator/gpu-models.ts';

const H100 = { smiName: 'NVIDIA H100 80GB HBM3', memoryMiB: 81_559 };
const EIGHT_H100 = { count: 8, description: 'H100 (80 GB SXM5)' };

function listed(count: number, { smiName, memoryMiB }: { smiName: string; memoryMiB: number } = H100): ListedGpu[] {
  return Array.from({ length: count }, (_, index) => ({
    uuid: `GPU-${index}`,
    name: smiName,
    memoryMib: memoryMiB,
  }));
}

function report(gpus: readonly ListedGpu[], more: Partial<GpuReport> = {}): GpuReport {
  return {
    bootId: 'boot',
    nvidiaSmi: { kind: 'listed', gpus },
    cuda: { kind: 'listed', gpus: gpus.map((gpu) => ({ ...gpu, result: 'works' as const })) },
    ...more,
  };
}

describe('GPUs are what was ordered', () => {
  const types = INSTANCE_TYPES.flatMap(({ name, gpus, gpuDescription: description, gpuModel }) =>
    gpuModel === undefined ? [] : [{ name, ordered: { count: gpus, description }, gpuModel }],
  );

  test.each(types)('on $name as it is sold', ({ ordered, gpuModel }) => {
    const verdict = judgeGpus(report(listed(ordered.count, gpuModel)), ordered);
    expect(verdict).toMatchObject({ kind: 'healthy' });
    // CUDA shows less than nvidia-smi; some drivers do, too.
    const less = { ...gpuModel, memoryMiB: Math.floor(gpuModel.memoryMiB * 0.97) };
    expect(judgeGpus(report(listed(ordered.count, less)), ordered)).toMatchObject({ kind: 'healthy' });
  });

  test('and a type never passes for another, except where the names do not tell or it has more', () => {
    const passes = types.flatMap(({ name, ordered, gpuModel }) =>
      Object.entries(GPU_MODELS)
        .filter(([, model]) => model !== gpuModel)
        .filter(([, model]) => judgeGpus(report(listed(ordered.count, model)), ordered).kind === 'healthy')
        .map(([model]) => `${model} for ${name}`),
    );
    expect(new Set(passes)).toEqual(
      new Set([
        'h100Sxm5 for gpu_1x_h100_pcie', // "H100 80GB HBM3" does not say how it is connected
        'a100Sxm4x80 for gpu_8x_a100',
        'a100Sxm4x80 for gpu_1x_a100_sxm4',
      ]),
    );
  });

  test('a GPU with half of its memory is not', () => {
    const ordered = { count: 1, description: 'A100 (80 GB SXM4)' };
    expect(judgeGpus(report(listed(1, GPU_MODELS.a100Sxm4x40)), ordered)).toMatchObject({
      kind: 'unhealthy',
      mayPass: false,
      reason: 'GPU 0 (GPU-0) has 40960 MiB of memory, and A100 (80 GB SXM4) was ordered',
    });
  });

  test('a type that Lambda does not describe is only counted', () => {
    expect(judgeGpus(report(listed(1)), { count: 1, description: '' })).toMatchObject({ kind: 'healthy' });
    expect(judgeGpus(report(listed(3)), undefined)).toMatchObject({ kind: 'healthy' });
    expect(judgeGpus(report([]), undefined)).toMatchObject({ kind: 'unhealthy', reason: 'only 0 of 1 GPUs are there' });
  });
});

describe('a machine is unhealthy', () => {
  test.each<[what: string, seen: GpuReport, verdict: object]>([
    [
      'whose CUDA does not start',
      report(listed(8), { cuda: { kind: 'failed', trouble: { call: 'cuInit', error: 802 } } }),
      {
        reason: 'CUDA fails: cuInit gives CUDA error 802 (system not yet initialized)',
        mayPass: true,
        gpuUuids: listed(8).map(({ uuid }) => uuid),
      },
    ],
    [
      'with one GPU whose context fails',
      report(listed(8), {
        cuda: {
          kind: 'listed',
          gpus: listed(8).map((gpu, index) => ({
            ...gpu,
            result: index === 3 ? { call: 'cuCtxCreate', error: 214 } : 'works',
          })),
        },
      }),
      {
        reason: 'GPU 3 (GPU-3) does not work: cuCtxCreate gives CUDA error 214 (uncorrectable ECC error encountered)',
        mayPass: true,
        gpuUuids: ['GPU-3'],
      },
    ],
    [
      'with two GPUs that hang',
      report(listed(8), {
        cuda: {
          kind: 'listed',
          gpus: listed(8).map((gpu, index) => ({
            ...gpu,
            result: index > 5 ? { call: 'cuCtxCreate', error: 'no answer' } : 'works',
          })),
        },
      }),
      {
        reason:
          'GPU 6 (GPU-6) does not work: cuCtxCreate does not return within 60 s (and 1 more of 8 GPUs are broken)',
        gpuUuids: ['GPU-6', 'GPU-7'],
      },
    ],
    [
      'with a GPU missing',
      report(listed(7)),
      { reason: 'only 7 of 8 GPUs are there', mayPass: true, gpuUuids: listed(7).map(({ uuid }) => uuid) },
    ],
    [
      'with a GPU that only nvidia-smi sees',
      report(listed(8), {
        cuda: { kind: 'listed', gpus: listed(7).map((gpu) => ({ ...gpu, result: 'works' as const })) },
      }),
      { reason: 'GPU 7 (GPU-7) does not work: CUDA does not see it', mayPass: true, gpuUuids: ['GPU-7'] },
    ],
    [
      'whose driver does not answer',
      report(listed(8), {
        nvidiaSmi: { kind: 'failed', reason: 'NVIDIA-SMI has failed.' },
        cuda: { kind: 'failed', trouble: { call: 'cuInit', error: 100 } },
      }),
      { reason: 'the NVIDIA driver does not answer: nvidia-smi says: NVIDIA-SMI has failed', mayPass: true },
    ],
    [
      'of another kind',
      report(listed(8, GPU_MODELS.a10)),
      { reason: 'GPU 0 (GPU-0) is NVIDIA A10, and H100 (80 GB SXM5) was ordered', mayPass: false },
    ],
  ])('%s', (_, seen, verdict) => {
    expect(judgeGpus(seen, EIGHT_H100)).toMatchObject({ kind: 'unhealthy', ...verdict });
  });
});

describe('nobody can tell', () => {
  test.each<[missing: RegExp, more: Partial<GpuReport>]>([
    [/neither nvidia-smi nor libcuda.so.1/, { nvidiaSmi: { kind: 'missing' }, cuda: { kind: 'missing' } }],
    [/no libcuda.so.1/, { cuda: { kind: 'missing' } }],
  ])('where the image has %s, and gpuCheck is named', (missing, more) => {
    const verdict = judgeGpus(report(listed(8), more), EIGHT_H100);
    expect(verdict).toMatchObject({ kind: 'unknown', reason: expect.stringMatching(missing) as string });
    expect(verdict).toMatchObject({ reason: expect.stringContaining("gpuCheck: 'off'") as string });
  });
});

test('without nvidia-smi, what CUDA says of itself is proof enough', () => {
  expect(judgeGpus(report(listed(8), { nvidiaSmi: { kind: 'missing' } }), EIGHT_H100)).toMatchObject({
    kind: 'healthy',
    gpus: listed(8).map(({ uuid }, index) => ({ index, uuid, model: 'NVIDIA H100 80GB HBM3', memoryMib: 81_559 })),
  });
});

test.each([
  '',
  'bash: python3: command not found',
  '{',
  '{}',
  '{"bootId":"b"}',
  '{"bootId":"b","nvidiaSmi":{},"cuda":{}}',
])('what is no report is not taken for one: %j', (output) => {
  expect(readGpuReport(output)).toBeUndefined();
});

test('a report is found behind what a login shell says first', () => {
  const line = '{"bootId":"b","nvidiaSmi":{"missing":true},"cuda":{"trouble":{"call":"cuInit","error":802}}}';
  expect(readGpuReport(`Welcome\n${line}\n`)).toEqual({
    bootId: 'b',
    nvidiaSmi: { kind: 'missing' },
    cuda: { kind: 'failed', trouble: { call: 'cuInit', error: 802 } },
  });
});
