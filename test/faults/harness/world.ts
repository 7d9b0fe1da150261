import type { Simulator } from '../../../src/simulator/index.ts';
import { expectCleanSlate } from '../../support/clean-slate.ts';

/** A promise broken, as the simulated cloud's books show it. */
export class Breach extends Error {
  override readonly name = 'Breach';
}

/** Nobody owns anything any more: all that was ever launched is not merely asked to end but ended, as its owner claimed to have proof. */
export function expectNothingLeft(simulator: Simulator, when: string): void {
  const alive = simulator.oracles.instancesAlive();
  if (alive.length > 0) {
    throw new Breach(
      `${when}, still there: ${alive.map(({ id, name, status }) => `${name} ${id} ${status}`).join(', ')}`,
    );
  }
  expectCleanSlate(simulator);
  if (simulator.record.breakdowns.length > 0) {
    throw new Error(`the simulator broke down: ${simulator.record.breakdowns.join('; ')}`);
  }
}

/** Exactly this instance lives, and nobody has asked Lambda to end it. */
export function expectKept(simulator: Simulator, instanceId: string, when: string): void {
  const alive = simulator.oracles.instancesAlive();
  const asked = simulator.oracles.terminationsOf(instanceId);
  if (alive.length === 1 && alive[0]?.id === instanceId && asked.length === 0) {
    expectCleanSlate(simulator, { alive: 1 });
    return;
  }
  throw new Breach(
    `${when}, ${instanceId} should be the only instance alive, and nobody asked to end it; alive: ${
      alive.map(({ id, status }) => `${id} ${status}`).join(', ') || 'none'
    }; asked to end: ${asked.length} times`,
  );
}
