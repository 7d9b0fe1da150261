import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Image } from './real-machine.ts';

const SOURCE = fileURLToPath(new URL('../../unit/gpu-probe/libcuda.c', import.meta.url));

/** The UUID that the stub of libcuda gives its n-th GPU. */
export function stubUuid(index: number): string {
  return `GPU-5e000000-0000-0000-0000-00000000000${index}`;
}

/** What makes a machine believe that it has so many H100s: an nvidia-smi, and a libcuda whose GPUs compute on the host's memory. */
export async function gpuImage(): Promise<(gpus: number) => Image> {
  const folder = await mkdtemp(join(tmpdir(), 'navarch-libcuda-'));
  const library = join(folder, 'libcuda.so.1');
  await promisify(execFile)('cc', ['-shared', '-fPIC', '-O1', '-Wl,-soname,libcuda.so.1', '-o', library, SOURCE]);
  const text = await readFile(library);
  await rm(folder, { recursive: true });
  return (gpus) => ({
    '/usr/local/lib/libcuda.so.1': { text, mode: 0o755 },
    '/usr/local/bin/nvidia-smi': {
      text: [
        '#!/bin/sh',
        ...Array.from({ length: gpus }, (_, n) => `echo "${n}, ${stubUuid(n)}, NVIDIA H100 80GB HBM3, 81559"`),
        '',
      ].join('\n'),
      mode: 0o755,
    },
  });
}
