import type { RequestRecord, Simulator, SimulatorOptions } from '../simulator/index.ts';
import type { Stage } from './stage.ts';

/** A story in which something goes wrong. It needs none of the long waits of domain/deadlines.ts: they are real time. */
export interface Scenario {
  /** What goes wrong, in one sentence. */
  readonly title: string;
  readonly simulation: Pick<SimulatorOptions, 'faults' | 'capacity' | 'bootModel'>;
  /** Plays it to its end, after which nothing is to be left; returns what must be true if it went as told. */
  play(stage: Stage): Promise<readonly Fact[]>;
}

/** Something that the story claims, and whether the simulated cloud (or Temporal) bears it out. */
export interface Fact {
  readonly claim: string;
  readonly holds: boolean;
}

/** Every launch request that reached the simulated cloud. */
export function launchRequests({ record }: Simulator): readonly RequestRecord[] {
  return record.requests.filter(({ operation }) => operation === 'launch');
}
