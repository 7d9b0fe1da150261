import { expect } from 'vitest';
import type { Simulator } from '../../src/simulator/index.ts';

/**
 * The look at the world that ends every story: what truly exists, by the simulated cloud's own books. After success exactly one instance is
 * alive, after a failed or cancelled end none; no token was sent twice, and no node ever had two machines that somebody paid for.
 */
export function expectCleanSlate(simulator: Simulator, expected: { readonly alive?: number } = {}): void {
  const { oracles } = simulator;
  expect(oracles.instancesBilling().map(({ name, status }) => `${name} ${status}`)).toHaveLength(expected.alive ?? 0);
  for (const [token, use] of oracles.launchesPerToken()) {
    expect(use.requests, `launch requests with token ${token}`).toBe(1);
  }
  for (const [node, most] of oracles.instancesPerNode()) {
    expect(most, `instances of node ${node} at one time`).toBeLessThanOrEqual(1);
  }
}
