import type { Program } from '../processes/programs.ts';

/**
 * Python is not simulated, except for its version. What our GPU proof asks of it (a CUDA context through ctypes) is answered from
 * `MachineGpu.cudaError` once that proof is written: this is the place.
 */
export const python: Program = async (process, args) => {
  if (args[0] === '--version' || args[0] === '-V') {
    await process.print('Python 3.10.12\n');
    return 0;
  }
  return process.fail('python3: not simulated on this machine (only --version is)');
};
