import type { Random } from './random.ts';

/** How long a healthy boot takes (§8.26). All in simulated milliseconds from the accepted launch; each range is drawn from evenly. */
export interface BootModel {
  /** When the public address is assigned and the machine powered on. Measured 22–31 s, while still `booting` (§8.27). */
  readonly addressMs: Range;
  /** When a type with one GPU or none turns `active`. Measured 113–333 s. */
  readonly singleGpuActiveMs: Range;
  /** The same for 2 to 4 GPUs. Nobody measured them; between its neighbours. */
  readonly fewGpusActiveMs: Range;
  /** The same for 8 GPUs, from the documentation's "10–15 minutes". */
  readonly manyGpusActiveMs: Range;
  /** How often a boot takes `outlierActiveMs` instead. 0 unless told; one such boot was seen in about twenty. */
  readonly outlierProbability: number;
  readonly outlierActiveMs: number;
  /** From the terminate call to `terminated`. Measured about 110 s (§8.39). */
  readonly terminationMs: Range;
  /** How long `vm-action-in-progress` follows a restart (§8.31). */
  readonly restartMs: number;
}

export type Range = readonly [fromMs: number, toMs: number];

export const DEFAULT_BOOT_MODEL: BootModel = {
  addressMs: [22_000, 31_000],
  singleGpuActiveMs: [110_000, 330_000],
  fewGpusActiveMs: [200_000, 500_000],
  manyGpusActiveMs: [600_000, 900_000],
  outlierProbability: 0,
  outlierActiveMs: 860_000,
  terminationMs: [105_000, 115_000],
  restartMs: 60_000,
};

/** What one instance's life will look like if nothing interferes. */
export interface BootTimes {
  readonly addressMs: number;
  readonly activeMs: number;
  readonly terminationMs: number;
}

export function drawBootTimes(model: BootModel, gpus: number, random: Random): BootTimes {
  const active = gpus >= 8 ? model.manyGpusActiveMs : gpus >= 2 ? model.fewGpusActiveMs : model.singleGpuActiveMs;
  const draw = ([from, to]: Range): number => Math.round(random.between(from, to));
  const times = { addressMs: draw(model.addressMs), activeMs: draw(active), terminationMs: draw(model.terminationMs) };
  return random.chance(model.outlierProbability) ? { ...times, activeMs: model.outlierActiveMs } : times;
}
