import type { SimulatorOptions } from '../../../src/simulator/index.ts';
import type { Stage } from './stage.ts';

/** Keeps the history of a run, as one of the paths through its workflow. Without a run: the latest one. */
export type Record = (
  workflow: string,
  path: string,
  execution: { readonly workflowId: string; readonly runId?: string },
) => Promise<void>;

/** Something that happens to nodes, of which histories are kept. */
export interface Story {
  readonly title: string;
  /** `skipped`: where hours pass in no time. `short`: where the server suggests soon to continue as new. */
  readonly on?: 'skipped' | 'short';
  readonly simulated?: SimulatorOptions;
  play(stage: Stage, record: Record): Promise<void>;
}
