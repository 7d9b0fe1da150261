// What a machine says about its GPUs, as the probe (gpu-probe.ts) prints it in one line of JSON.

/** A GPU as `nvidia-smi` or CUDA itself lists it. */
export interface ListedGpu {
  /** `GPU-` and a dashed UUID. */
  readonly uuid: string;
  /** `NVIDIA H100 80GB HBM3` */
  readonly name: string;
  readonly memoryMib: number;
}

/** What stopped a call into CUDA: its error, by number, or that there was no answer at all. */
export interface CudaTrouble {
  /** `cuInit` */
  readonly call: string;
  readonly error: number | 'no answer' | 'crash' | 'wrong data';
}

export type CudaResult = 'works' | CudaTrouble;

export interface GpuReport {
  /** Another one is another boot. */
  readonly bootId: string;
  readonly nvidiaSmi:
    | { readonly kind: 'listed'; readonly gpus: readonly ListedGpu[] }
    /** It is there and does not list them: what it says, or that it does not answer. */
    | { readonly kind: 'failed'; readonly reason: string }
    | { readonly kind: 'missing' };
  readonly cuda:
    | { readonly kind: 'listed'; readonly gpus: readonly (ListedGpu & { readonly result: CudaResult })[] }
    /** Before any single GPU was reached. */
    | { readonly kind: 'failed'; readonly trouble: CudaTrouble }
    /** There is no `libcuda.so.1` that could be loaded. */
    | { readonly kind: 'missing' };
}

/** Undefined: this is no report. */
export function readGpuReport(output: string): GpuReport | undefined {
  const line = output.split('\n').findLast((each) => each.startsWith('{'));
  if (line === undefined) return undefined;
  try {
    const { bootId, nvidiaSmi, cuda } = fieldsOf(JSON.parse(line));
    return typeof bootId === 'string'
      ? { bootId, nvidiaSmi: readNvidiaSmi(fieldsOf(nvidiaSmi)), cuda: readCuda(fieldsOf(cuda)) }
      : undefined;
  } catch {
    return undefined;
  }
}

type Fields = Readonly<Record<string, unknown>>;

function readNvidiaSmi({ missing, failed, gpus }: Fields): GpuReport['nvidiaSmi'] {
  if (missing === true) return { kind: 'missing' };
  if (typeof failed === 'string') return { kind: 'failed', reason: failed };
  return { kind: 'listed', gpus: listOf(gpus).map(readGpu) };
}

function readCuda({ missing, trouble, gpus }: Fields): GpuReport['cuda'] {
  if (missing === true) return { kind: 'missing' };
  if (trouble !== undefined) return { kind: 'failed', trouble: readTrouble(fieldsOf(trouble)) };
  const read = listOf(gpus).map((gpu) => {
    const { trouble: of } = gpu;
    return { ...readGpu(gpu), result: of === undefined ? ('works' as const) : readTrouble(fieldsOf(of)) };
  });
  return { kind: 'listed', gpus: read };
}

function readGpu({ uuid, name, memoryMib }: Fields): ListedGpu {
  if (typeof uuid !== 'string' || typeof name !== 'string') throw new TypeError('a GPU without UUID or name');
  return { uuid, name, memoryMib: typeof memoryMib === 'number' ? memoryMib : 0 };
}

function readTrouble({ call, error }: Fields): CudaTrouble {
  const known = typeof error === 'number' || error === 'no answer' || error === 'wrong data' ? error : 'crash';
  return { call: typeof call === 'string' ? call : 'CUDA', error: known };
}

function fieldsOf(value: unknown): Fields {
  if (typeof value !== 'object' || value === null) throw new TypeError('not an object');
  return value as Fields;
}

function listOf(value: unknown): readonly Fields[] {
  if (!Array.isArray(value)) throw new TypeError('not a list');
  return value.map(fieldsOf);
}
