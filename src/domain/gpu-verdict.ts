import { describeCudaError } from './cuda-errors.ts';
import { GPU_ANSWER_SECONDS } from './gpu-probe.ts';
import { notAsOrdered } from './gpu-model.ts';
import type { CudaTrouble, GpuReport, ListedGpu } from './gpu-report.ts';
import type { GpuView } from './gpus.ts';
import type { OrderedGpus } from './offerings.ts';

export type GpuVerdict =
  | { readonly kind: 'healthy'; readonly gpus: readonly GpuView[] }
  | {
      readonly kind: 'unhealthy';
      /** One sentence for people, without its end. */
      readonly reason: string;
      /** Another look may find it well. */
      readonly mayPass: boolean;
      /** Of the GPUs at fault; of all that are there, where the fault is the machine's. By them the host is known again. */
      readonly gpuUuids: readonly string[];
    }
  /** The machine lacks what it takes to tell. */
  | { readonly kind: 'unknown'; readonly reason: string };

/** Judges one look. Only what is proven is healthy, and only what is seen to be wrong is unhealthy (P7). */
export function judgeGpus({ nvidiaSmi, cuda }: GpuReport, ordered: OrderedGpus | undefined): GpuVerdict {
  if (nvidiaSmi.kind === 'missing' && cuda.kind === 'missing') return unknown('neither nvidia-smi nor libcuda.so.1');
  // Its driver is not up, whatever CUDA makes of that.
  if (nvidiaSmi.kind === 'failed') {
    const known = cuda.kind === 'listed' ? cuda.gpus : [];
    const said = nvidiaSmi.reason.replace(/[.\s]+$/, '');
    return unhealthy(`the NVIDIA driver does not answer: nvidia-smi says: ${said}`, known);
  }
  if (cuda.kind === 'missing') return unknown('no libcuda.so.1');

  const listed = nvidiaSmi.kind === 'listed' ? nvidiaSmi.gpus : cuda.kind === 'listed' ? cuda.gpus : [];
  const wrong = ordered === undefined ? undefined : wrongOne(listed, ordered);
  if (wrong !== undefined) return wrong;
  if (cuda.kind === 'failed') return unhealthy(`CUDA fails: ${describe(cuda.trouble)}`, listed);
  const wanted = ordered?.count ?? Math.max(listed.length, 1);
  if (listed.length < wanted) return unhealthy(`only ${listed.length} of ${wanted} GPUs are there`, listed);
  if (listed.length > wanted)
    return unhealthy(`${listed.length} GPUs are there, and ${wanted} were ordered`, [], false);
  return judgeEach(listed, cuda.gpus);
}

function judgeEach(
  listed: readonly ListedGpu[],
  seen: Extract<GpuReport['cuda'], { kind: 'listed' }>['gpus'],
): GpuVerdict {
  const broken = listed.flatMap((gpu, index) => {
    const result = seen.find(({ uuid }) => uuid === gpu.uuid)?.result;
    if (result === 'works') return [];
    return [{ gpu, index, why: result === undefined ? 'CUDA does not see it' : describe(result) }];
  });
  const [first] = broken;
  if (first === undefined) {
    const gpus = listed.map(({ uuid, name: model, memoryMib }, index) => ({ index, uuid, model, memoryMib }));
    return { kind: 'healthy', gpus };
  }
  const others = broken.length === 1 ? '' : ` (and ${broken.length - 1} more of ${listed.length} GPUs are broken)`;
  return unhealthy(
    `${nameOf(first)} does not work: ${first.why}${others}`,
    broken.map(({ gpu }) => gpu),
  );
}

/** A machine of another kind stays one. */
function wrongOne(listed: readonly ListedGpu[], ordered: OrderedGpus): GpuVerdict | undefined {
  for (const [index, gpu] of listed.entries()) {
    const why = notAsOrdered(gpu, ordered);
    if (why !== undefined) return unhealthy(`${nameOf({ gpu, index })} ${why}`, [gpu], false);
  }
  return undefined;
}

function unhealthy(reason: string, gpus: readonly ListedGpu[], mayPass = true): GpuVerdict {
  return { kind: 'unhealthy', reason, mayPass, gpuUuids: gpus.map(({ uuid }) => uuid) };
}

function unknown(what: string): GpuVerdict {
  return { kind: 'unknown', reason: cannotTell(what) };
}

/** Why, and what a caller can do about it. */
export function cannotTell(what: string): string {
  return `nothing can tell whether the GPUs work: the machine's image has ${what}; gpuCheck: 'off' goes without the proof`;
}

function nameOf({ gpu, index }: { readonly gpu: ListedGpu; readonly index: number }): string {
  return `GPU ${index} (${gpu.uuid})`;
}

function describe({ call, error }: CudaTrouble): string {
  if (typeof error === 'number') return `${call} gives ${describeCudaError(error)}`;
  switch (error) {
    case 'no answer':
      return `${call} does not return within ${GPU_ANSWER_SECONDS} s`;
    case 'crash':
      return `the process dies in ${call}`;
    case 'wrong data':
      return 'what it wrote into its memory reads back differently';
  }
}
