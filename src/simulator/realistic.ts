import type { SimulatorOptions } from './options.ts';

/**
 * The weather as it was measured, mostly on 2026-08-31: capacity that comes and goes, a list that lags and lies, boots that take long,
 * GH200 that come up unhealthy, H100 whose CUDA is dead. For demos and long runs; too rough for a test that wants one thing to happen.
 */
export const REALISTIC: Pick<SimulatorOptions, 'capacity' | 'capacityHints' | 'bootModel' | 'faults'> = {
  capacity: { kind: 'on-off' },
  // Listed, and refused: 3 of 11 launches of a 1x H100, 2 of 5 of a GH200.
  capacityHints: { staleMs: 30_000, refuseProbability: 0.3, unlistedProbability: 0.1 },
  // One boot in about twenty took 857 s.
  bootModel: { outlierProbability: 0.05 },
  faults: [
    { on: 'instance', type: 'gpu_1x_gh200', probability: 2 / 3, do: { kind: 'unhealthy' } },
    { on: 'instance', type: 'gpu_1x_h100_sxm5', probability: 7 / 8, do: { kind: 'cuda-error', code: 802 } },
    { on: 'instance', probability: 0.5, do: { kind: 'unlisted', forMs: 15_000, from: 'list' } },
    // Up to half a minute between active and a working SSH was seen on some.
    { on: 'machine', probability: 0.3, do: { sshAfterMs: 30_000 } },
    { on: 'launch', do: { kind: 'delay', realMs: 1_000 } },
  ],
};
