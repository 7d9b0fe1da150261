import { readAll } from '../io/read-all.ts';
import type { MachineSpec } from '../machine.ts';
import { hasDriver } from '../machine.ts';
import type { Program } from '../processes/programs.ts';
import { NO_DRIVER } from './nvidia-smi.ts';

/** How a look at the GPUs begins: the one script whose answer is known here. */
const GPU_PROBE = '# navarch gpu probe 1\n';

/** What CUDA says where there is no device, or the kernel's part of the driver does not answer. */
const NO_DEVICE = 100;

/**
 * Python is not simulated, except for its version, and for the provisioner's look at the GPUs: a script on standard input that begins with the
 * line `# navarch gpu probe 1` is not run but answered, as it would answer on this machine. That the script itself is right, tests with a real
 * python3 show.
 */
export const python: Program = async (process, args) => {
  if (args[0] === '--version' || args[0] === '-V') {
    await process.print('Python 3.10.12\n');
    return 0;
  }
  if (args.length === 1 && args[0] === '-') {
    const script = await readAll(process.file(0), process.signal);
    if (script.startsWith(GPU_PROBE)) {
      const { bootId, spec } = process.system;
      await process.print(`${JSON.stringify({ bootId, ...gpuAnswer(spec) })}\n`);
      return 0;
    }
  }
  return process.fail('python3: not simulated on this machine (only --version and the look at the GPUs are)');
};

function gpuAnswer(spec: MachineSpec): object {
  if (!hasDriver(spec)) return { nvidiaSmi: { missing: true }, cuda: { missing: true } };
  const noDevice = { trouble: { call: 'cuInit', error: NO_DEVICE } };
  if (spec.faults.nvidiaSmi === 'broken') return { nvidiaSmi: { failed: NO_DRIVER.trim() }, cuda: noDevice };
  if (spec.gpus.length === 0) return { nvidiaSmi: { gpus: [] }, cuda: noDevice };
  const gpus = spec.gpus.map(({ uuid, name, memoryMiB, cudaError }) => ({
    listed: { uuid, name, memoryMib: memoryMiB },
    error: cudaError,
  }));
  const [first] = gpus;
  // An error that all of them have is met before any one of them.
  const common = first !== undefined && gpus.every(({ error }) => error === first.error) ? first.error : 0;
  return {
    nvidiaSmi: { gpus: gpus.map(({ listed }) => listed) },
    cuda:
      common !== 0
        ? { trouble: { call: 'cuInit', error: common } }
        : {
            gpus: gpus.map(({ listed, error }) =>
              error === 0 ? listed : { ...listed, trouble: { call: 'cuCtxCreate', error } },
            ),
          },
  };
}
