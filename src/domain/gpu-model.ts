import type { ListedGpu } from './gpu-report.ts';
import type { OrderedGpus } from './offerings.ts';

/**
 * What a GPU may show of the memory it is sold with. Lambda writes GB and means GiB, and drivers keep some for themselves: an A10 of 24 GB
 * shows 22.5 GiB, and CUDA a little less than `nvidia-smi`. Models that differ only in their memory differ by more (A100: 40 and 80).
 */
const MEMORY_SHOWN = 0.85;

const MIB_PER_GB = 1024;

/**
 * Why a GPU is not what was ordered, or undefined. Names are compared word by word, so that an A10 is no A100: each word of `RTX 6000 (24 GB)`
 * before the parenthesis is in NVIDIA's name for the GPU, and PCIe or SXM is not contradicted there.
 */
export function notAsOrdered({ name, memoryMib }: ListedGpu, { description }: OrderedGpus): string | undefined {
  const [model = '', details = ''] = description.split('(');
  const words = wordsOf(name);
  const isModel = wordsOf(model).every((word) => words.includes(word));
  const ordered = busOf(wordsOf(details));
  const shown = busOf(words);
  if (!isModel || (ordered !== undefined && shown !== undefined && ordered !== shown)) {
    return `is ${name}, and ${description} was ordered`;
  }
  const gigabytes = Number(/(\d+)\s*GB/i.exec(details)?.[1] ?? 0);
  // 0: it did not say.
  if (memoryMib > 0 && memoryMib < gigabytes * MIB_PER_GB * MEMORY_SHOWN) {
    return `has ${memoryMib} MiB of memory, and ${description} was ordered`;
  }
  return undefined;
}

function wordsOf(text: string): readonly string[] {
  return text
    .toUpperCase()
    .split(/[^A-Z0-9]+/)
    .filter((word) => word !== '');
}

function busOf(words: readonly string[]): 'PCIe' | 'SXM' | undefined {
  if (words.includes('PCIE')) return 'PCIe';
  return words.some((word) => /^SXM\d*$/.test(word)) ? 'SXM' : undefined;
}
