import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { CondemnedGpu } from '../domain/condemned-gpus.ts';

/** To the broker, and from one of its runs to the next. Additive only. */
export interface AccountBrokerInput {
  readonly condemnedGpus?: readonly CondemnedGpu[];
}

/** GPUs that made a machine be condemned just now. */
export interface Condemnation {
  readonly uuids: readonly string[];
  /** For people. */
  readonly reason: string;
  /** How long that is remembered, in milliseconds. */
  readonly forMs: number;
}

/** Remember these: machines with them that do not work at first sight are given up at once. Starts the broker where none runs. */
export const condemnGpusSignal = defineSignal<[Condemnation]>('condemnGpus');

/** Forget these: they were seen to work. */
export const clearGpusSignal = defineSignal<[{ readonly uuids: readonly string[] }]>('clearGpus');

export const condemnedGpusQuery = defineQuery<readonly CondemnedGpu[]>('condemnedGpus');
