import { SECOND } from '../../src/domain/durations.ts';
import type { FaultPlan } from '../../src/simulator/index.ts';
import type { MachineFault } from './machine-faults.ts';

type InstanceFault = Extract<FaultPlan[number], { on: 'instance' }>['do'];

function onLaunch(launch: number | number[], fault: InstanceFault): FaultPlan {
  return [{ on: 'instance', launch, do: fault }];
}

const REPLACED = { ends: 'ready', launches: 2 } as const;
const EIGHT = { instanceType: 'gpu_8x_h100_sxm5' };

/** What GPUs do wrong. */
export const GPU_FAULTS: Readonly<Record<string, MachineFault>> = {
  'CUDA 802 for ever': {
    faults: onLaunch(1, { kind: 'cuda-error', code: 802 }),
    ...REPLACED,
    because: /802 \(system not yet initialized\), in 4 looks over/,
  },
  'CUDA 802, and again at the next launch on that host': {
    faults: onLaunch([1, 2], { kind: 'cuda-error', code: 802 }),
    ends: 'ready',
    launches: 3,
    because: /in 4 looks over .*; CUDA fails.*; seen broken before, at/,
  },
  'CUDA 802 that goes away within the looks': {
    faults: [{ on: 'instance', do: { kind: 'cuda-error', code: 802, recoversAfterMs: 150 * SECOND } }],
    ends: 'ready',
    launches: 1,
  },
  'one GPU of eight has no context': {
    faults: onLaunch(1, { kind: 'cuda-error', code: 214, gpus: [3] }),
    request: EIGHT,
    ...REPLACED,
    because: /GPU 3 \(GPU-\S+\) does not work: cuCtxCreate gives CUDA error 214/,
  },
  'one GPU of eight is missing': {
    faults: onLaunch(1, { kind: 'gpus-missing', gpus: [7] }),
    request: EIGHT,
    ...REPLACED,
    because: /only 7 of 8 GPUs are there/,
  },
  'GPUs of another model': {
    faults: onLaunch(1, { kind: 'wrong-gpus', model: 'a10' }),
    ...REPLACED,
    because: /is NVIDIA A10, and H100 \(80 GB SXM5\) was ordered/,
  },
  'the driver does not answer': {
    faults: [{ on: 'machine', launch: 1, do: { nvidiaSmi: 'broken' } }],
    ...REPLACED,
    because: /the NVIDIA driver does not answer/,
  },
  'no driver in the image': {
    faults: [{ on: 'machine', do: { nvidiaSmi: 'missing' } }],
    ends: 'gpu_unproven',
    launches: 1,
    because: /neither nvidia-smi nor libcuda/,
  },
  'no python3 in the image': {
    faults: [{ on: 'machine', do: { python: 'missing' } }],
    ends: 'gpu_unproven',
    launches: 1,
    because: /no python3/,
  },
};
