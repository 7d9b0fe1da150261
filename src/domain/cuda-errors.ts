/** NVIDIA's own words for the errors that a start of CUDA has been seen to end with (`cuGetErrorString`). */
const NAMES: Readonly<Record<number, string>> = {
  1: 'invalid argument',
  2: 'out of memory',
  3: 'initialization error',
  34: 'CUDA driver is a stub library',
  46: 'CUDA-capable device(s) is/are busy or unavailable',
  100: 'no CUDA-capable device is detected',
  101: 'invalid device ordinal',
  214: 'uncorrectable ECC error encountered',
  304: 'OS call failed or operation not supported on this OS',
  700: 'an illegal memory access was encountered',
  719: 'unspecified launch failure',
  800: 'operation not permitted',
  802: 'system not yet initialized',
  803: 'system has unsupported display driver / cuda driver combination',
  804: 'forward compatibility was attempted on non supported HW',
  999: 'unknown error',
};

/** `CUDA error 802 (system not yet initialized)` */
export function describeCudaError(code: number): string {
  const name = NAMES[code];
  return name === undefined ? `CUDA error ${code}` : `CUDA error ${code} (${name})`;
}
