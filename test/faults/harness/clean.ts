import { expect } from 'vitest';
import type { Simulator } from '../../../src/simulator/index.ts';
import { expectCleanSlate } from '../../support/clean-slate.ts';

/** Nobody owns anything any more: all that was ever launched is not merely asked to end but ended, as its owner claimed to have proof. */
export function expectNothingLeft(simulator: Simulator): void {
  expectCleanSlate(simulator);
  expect(simulator.oracles.instancesAlive().map(({ id, status }) => `${id} ${status}`)).toEqual([]);
  expect(simulator.record.breakdowns).toEqual([]);
}
