import type { Figure } from '../harness/figure.ts';
import { history } from './history.ts';
import { throughput } from './throughput.ts';

/** Every figure, in the order in which they are measured and shown. */
export const FIGURES: readonly Figure[] = [history, throughput];
