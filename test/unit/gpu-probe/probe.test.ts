import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gpuProbe } from '../../../src/domain/gpu-probe.ts';
import { readGpuReport, type GpuReport } from '../../../src/domain/gpu-report.ts';
import { findOnPath } from '../../../src/temporal-server/find-on-path.ts';

// The look at the GPUs as it is sent to machines, run by this host's python3, against a libcuda and an nvidia-smi that behave as they are told.

const SOURCE = new URL('libcuda.c', import.meta.url).pathname;
const BOOT_ID = '/proc/sys/kernel/random/boot_id';

const python = await whereIs('python3');
const compiler = await whereIs('cc');
const missing = [...(python === undefined ? ['python3'] : []), ...(compiler === undefined ? ['cc'] : [])];

/** Enough for a busy machine, where nothing is to hang; and little, where something is. */
const PATIENT = 60;
const IMPATIENT = 5;

async function whereIs(program: string): Promise<string | undefined> {
  return findOnPath(program, process.env['PATH'] ?? '');
}

const why = missing.length === 0 ? '' : ` (skipped: ${missing.join(' and ')} missing)`;

describe.skipIf(why !== '')(`the GPU probe${why}`, { timeout: 120_000 }, () => {
  let folder = '';
  let bare = '';
  let libraries = '';
  let programs = '';

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'navarch-gpu-probe-'));
    [bare, libraries, programs] = ['bare', 'libraries', 'programs'].map((name) => {
      mkdirSync(join(folder, name));
      return join(folder, name);
    }) as [string, string, string];
    execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', join(libraries, 'libcuda.so.1'), SOURCE]);
    for (const each of [bare, programs]) symlinkSync(realPython(), join(each, 'python3'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function nvidiaSmi(script: string): void {
    const path = join(programs, 'nvidia-smi');
    writeFileSync(path, `#!/bin/sh\n${script}\n`);
    chmodSync(path, 0o755);
  }

  async function look(
    stub: Readonly<Record<string, string>>,
    { answerSeconds = PATIENT, path = `${programs}:/usr/bin:/bin`, libraryPath = libraries } = {},
  ): Promise<GpuReport> {
    const env = { PATH: path, LD_LIBRARY_PATH: libraryPath, CUDA_VISIBLE_DEVICES: '', ...stub };
    const { stdout } = await execa('python3', ['-'], { input: gpuProbe(answerSeconds), env, extendEnv: false });
    const report = readGpuReport(stdout);
    if (report === undefined) throw new Error(`no report: ${stdout}`);
    return report;
  }

  const uuid = (index: number): string => `GPU-5e000000-0000-0000-0000-00000000000${index}`;
  const SMI_OF_TWO = `[ "$*" = "--query-gpu=index,uuid,name,memory.total --format=csv,noheader,nounits" ] || exit 2
echo "0, ${uuid(0)}, NVIDIA H100 80GB HBM3, 81559"; echo "1, ${uuid(1)}, NVIDIA H100 80GB HBM3, 81559"`;
  const shown = (index: number, memoryMib: number) => ({
    uuid: uuid(index),
    name: 'NVIDIA H100 80GB HBM3',
    memoryMib,
  });

  test('finds every GPU that computes, by nvidia-smi and by CUDA alike, and the boot it is', async () => {
    nvidiaSmi(SMI_OF_TWO);
    expect(await look({ STUB_GPUS: '2' })).toEqual({
      bootId: readFileSync(BOOT_ID, 'utf8').trim(),
      nvidiaSmi: { kind: 'listed', gpus: [shown(0, 81_559), shown(1, 81_559)] },
      cuda: { kind: 'listed', gpus: [0, 1].map((index) => ({ ...shown(index, 81_106), result: 'works' })) },
    });
  });

  test('tells the error of cuInit, though nvidia-smi is well', async () => {
    nvidiaSmi(SMI_OF_TWO);
    expect(await look({ STUB_GPUS: '2', STUB_INIT: '802' })).toMatchObject({
      nvidiaSmi: { kind: 'listed' },
      cuda: { kind: 'failed', trouble: { call: 'cuInit', error: 802 } },
    });
  });

  test.each<[title: string, stub: Readonly<Record<string, string>>, result: object]>([
    ['refuses a context', { STUB_BROKEN: '2', STUB_ERROR: '802' }, { call: 'cuCtxCreate', error: 802 }],
    [
      'ends the process that asks for a context',
      { STUB_BROKEN: '2', STUB_ERROR: 'crash' },
      { call: 'cuCtxCreate', error: 'crash' },
    ],
    ['keeps other data than it was given', { STUB_FORGETFUL: '2' }, { call: 'cuMemcpyDtoH', error: 'wrong data' }],
  ])('tells which one of eight %s', async (_, stub, result) => {
    const { cuda } = await look({ STUB_GPUS: '8', ...stub });
    expect(cuda).toMatchObject({
      kind: 'listed',
      gpus: [0, 1, 2, 3, 4, 5, 6, 7].map((index) => ({ uuid: uuid(index), result: index === 2 ? result : 'works' })),
    });
  });

  test('does not hang with a GPU, nor with the driver, nor with nvidia-smi', async () => {
    nvidiaSmi('exec sleep 3600');
    const [gpu, driver] = await Promise.all([
      look({ STUB_GPUS: '2', STUB_BROKEN: '1', STUB_ERROR: 'hang' }, { answerSeconds: IMPATIENT }),
      look({ STUB_GPUS: '2', STUB_INIT: 'hang' }, { answerSeconds: IMPATIENT }),
    ]);
    expect(gpu).toMatchObject({
      nvidiaSmi: { kind: 'failed', reason: 'it does not answer' },
      cuda: { gpus: [{ result: 'works' }, { result: { call: 'cuCtxCreate', error: 'no answer' } }] },
    });
    expect(driver.cuda).toEqual({ kind: 'failed', trouble: { call: 'cuInit', error: 'no answer' } });
  });

  test('hands on what nvidia-smi says when it cannot reach the driver', async () => {
    nvidiaSmi('echo "NVIDIA-SMI has failed because"; echo "it could not."; exit 9');
    const { nvidiaSmi: said } = await look({ STUB_INIT: '100' });
    expect(said).toEqual({ kind: 'failed', reason: 'NVIDIA-SMI has failed because it could not.' });
  });

  test.each(['exit 6', 'exit 0'])('takes "No devices were found" for none (%s)', async (end) => {
    nvidiaSmi(`echo "No devices were found"; ${end}`);
    expect((await look({ STUB_INIT: '100' })).nvidiaSmi).toEqual({ kind: 'listed', gpus: [] });
  });

  test('says that a machine has neither', async () => {
    const report = await look({}, { path: bare, libraryPath: bare });
    expect(report).toMatchObject({ nvidiaSmi: { kind: 'missing' }, cuda: { kind: 'missing' } });
  });
});

/** Past what chooses between versions by environment variables. */
function realPython(): string {
  return execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).trim();
}
