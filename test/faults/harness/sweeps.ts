import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowFailedError, type Client } from '@temporalio/client';
import type { SweepResult } from '../../../src/contract/sweep.ts';
import type { Simulator } from '../../../src/simulator/index.ts';
import { running } from './temporal.ts';
import { FACTOR } from './scale.ts';

/** Between two sweeps of the Schedule: ten minutes. */
const INTERVAL_MS = (10 * 60_000) / FACTOR;

/** Two sightings, an end that is refused a few times, and two absences. */
const MOST_SWEEPS = 12;

let sweeps = 0;

/** Sweeps as the Schedule does, until nothing is left without an owner and what was ended is proven. Returns how often it swept. */
export async function settleSweeps(options: {
  readonly client: Client;
  readonly taskQueue: string;
  readonly simulator: Simulator;
  /** Ids of the workflows that may own something. */
  readonly owners: readonly string[];
}): Promise<number> {
  const { client, taskQueue, simulator, owners } = options;
  let ledger: unknown = { instances: {} };
  for (let round = 1; round <= MOST_SWEEPS; round += 1) {
    const ownerRuns = (await Promise.all(owners.map((id) => running(client, id)))).some((owner) => owner !== undefined);
    const result = await sweep(client, taskQueue, { ledger });
    if (result !== undefined) {
      ledger = result.ledger;
      const { suspected, orphan, ending } = result.counts;
      const settled = suspected + orphan + ending + result.unproven === 0;
      if (settled && (ownerRuns || simulator.oracles.instancesAlive().length === 0)) return round;
    }
    await sleep(INTERVAL_MS);
  }
  throw new Error(`the sweeps did not settle; the last ledger: ${JSON.stringify(ledger)}; ${simulator.describe()}`);
}

/** Undefined: it failed, as one does that Lambda gives no answer in time. Its Schedule then runs the next with the last that did not. */
async function sweep(
  client: Client,
  taskQueue: string,
  input: { readonly ledger: unknown },
): Promise<SweepResult | undefined> {
  sweeps += 1;
  try {
    return await client.workflow.execute<(request: unknown) => Promise<SweepResult>>('sweepOrphans', {
      workflowId: `sweep-${process.pid}-${sweeps}`,
      taskQueue,
      args: [input],
    });
  } catch (error) {
    if (error instanceof WorkflowFailedError) return undefined;
    throw error;
  }
}
