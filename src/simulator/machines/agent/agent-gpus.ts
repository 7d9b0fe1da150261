import { busId, CUDA_VERSION, DRIVER_VERSION } from '../commands/nvidia-smi.ts';
import type { MachineSpec } from '../machine.ts';

/** A GPU as the agent reports it (proto3 JSON of GPUInfo). */
export interface ReportedGpu {
  readonly index: number;
  readonly uuid: string;
  readonly name: string;
  readonly pciBusId: string;
  /** Bytes; 64-bit integers are strings in proto3 JSON. */
  readonly memoryTotal: string;
  readonly driverVersion: string;
  readonly cudaVersion: string;
}

const BYTES_PER_MIB = 1024 * 1024;
const FAKE_MEMORY_BYTES = 80 * 1024 * BYTES_PER_MIB;
const FAKE_COUNT = 8;
const FAKE_NAME = 'NVIDIA H100 80GB HBM3';

/**
 * What the agent's NVML shows. Without a working NVML, or with NAVARCH_FAKE_GPU, it invents GPUs (reference: navarch.md §5.10).
 * A machine whose CUDA is dead has a working NVML: its GPUs are reported as if all were well.
 */
export function agentGpus(spec: MachineSpec, env: ReadonlyMap<string, string>): readonly ReportedGpu[] {
  const hasNvml = spec.gpus.length > 0 && spec.faults.nvidiaSmi === undefined;
  if (!hasNvml || env.get('NAVARCH_FAKE_GPU') === 'true') return fakeGpus(env);
  return spec.gpus.map((gpu, index) => ({
    index,
    uuid: gpu.uuid,
    name: gpu.name,
    pciBusId: busId(index),
    memoryTotal: String(gpu.memoryMiB * BYTES_PER_MIB),
    driverVersion: DRIVER_VERSION,
    cudaVersion: CUDA_VERSION,
  }));
}

function fakeGpus(env: ReadonlyMap<string, string>): readonly ReportedGpu[] {
  const count = Number(env.get('NAVARCH_GPU_COUNT') ?? FAKE_COUNT);
  return Array.from({ length: Number.isInteger(count) && count >= 0 ? count : FAKE_COUNT }, (_, index) => ({
    index,
    uuid: `GPU-00000000-0000-0000-0000-${index.toString(16).padStart(12, '0')}`,
    name: env.get('NAVARCH_GPU_TYPE') ?? FAKE_NAME,
    pciBusId: '0000:00:00.0',
    memoryTotal: String(FAKE_MEMORY_BYTES),
    driverVersion: DRIVER_VERSION,
    cudaVersion: CUDA_VERSION,
  }));
}
