import type { Figure } from '../harness/figure.ts';
import { budget } from './budget.ts';
import { firstLine } from './first-line.ts';
import { history } from './history.ts';
import { lane } from './lane.ts';
import { memory, memoryOfMany } from './memory.ts';
import { order } from './order.ts';
import { ready } from './ready.ts';
import { throughput } from './throughput.ts';
import { window } from './window.ts';
import { workerKilled } from './worker-killed.ts';

/** Every figure, in the order in which they are measured and shown. */
export const FIGURES: readonly Figure[] = [
  budget,
  lane,
  window,
  order,
  firstLine,
  ready,
  history,
  memory,
  memoryOfMany,
  throughput,
  workerKilled,
];
