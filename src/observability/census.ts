import { ServiceError, type Client } from '@temporalio/client';
import { SEARCH_ATTRIBUTE } from '../contract/search-attributes.ts';
import type { SweepResult } from '../contract/sweep.ts';
import { mainTaskQueue } from '../contract/task-queues.ts';
import { sweepScheduleId, WORKFLOW_TYPE } from '../contract/workflow-ids.ts';
import { type NODE_STATES, type Recorder } from '../domain/metrics.ts';
import { VERDICT_KINDS } from '../domain/orphan-verdict.ts';
import type { Logger } from './logger.ts';

// Figures of the whole account, that no single worker knows: each asks Temporal, so that all say the same, and one that has just started says
// it too. A gauge that a workflow set would stay behind on whichever worker ran it last.

/** Six counts and a look at the Schedule each time: a thousandth of what visibility is asked for otherwise. */
const EVERY_MS = 60_000;

/** What /readyz says is looked at so often. */
const READY_EVERY_MS = 5_000;

const ANSWER_MS = 15_000;

export interface CensusOptions {
  readonly client: Client;
  readonly account: string | undefined;
  readonly record: Recorder;
  readonly logger: Logger;
  /** Undefined: ready. */
  readonly notReady: () => string | undefined;
  readonly everyMs?: number | undefined;
}

export function startCensus(options: CensusOptions): { stop(): void } {
  const { record, logger, notReady, everyMs = EVERY_MS } = options;
  const lastSweep = sweepReader(options);
  let isAnswered = true;
  let isStopped = false;
  const look = async (): Promise<void> => {
    try {
      await options.client.withDeadline(Date.now() + ANSWER_MS, async () => {
        await countNodes(options);
        await lastSweep();
      });
      record('censusTime', Date.now() / 1_000);
      isAnswered = true;
    } catch (error) {
      if (isStopped) return;
      if (isAnswered)
        logger.warn({ err: error }, 'Temporal does not answer what there is: metrics of nodes and sweeps are stale');
      isAnswered = false;
    }
  };
  const tellReady = (): void => record('ready', notReady() === undefined ? 1 : 0);
  const timers = [
    setInterval(() => void look().catch(() => undefined), everyMs),
    setInterval(tellReady, READY_EVERY_MS),
  ];
  tellReady();
  look().catch(() => undefined);
  return {
    stop: () => {
      isStopped = true;
      timers.forEach((timer) => clearInterval(timer));
      record('ready', 0);
    },
  };
}

const PHASE = SEARCH_ATTRIBUTE.phase.name;

const WHERE: Readonly<Record<(typeof NODE_STATES)[number], string>> = {
  waiting: `${PHASE} IN ('accepted', 'waiting_for_capacity')`,
  coming: `${PHASE} IN ('launching', 'booting', 'connecting', 'proving_gpus', 'bootstrapping', 'waiting_for_active', 'registering')`,
  unwinding: `${PHASE} = 'unwinding'`,
  kept: `${PHASE} = 'ready' AND WorkflowType = '${WORKFLOW_TYPE.keepNode}'`,
  ending: `${PHASE} = 'ending'`,
};

async function countNodes({ client, account, record }: CensusOptions): Promise<void> {
  const ours = `TaskQueue = '${mainTaskQueue(account)}' AND ExecutionStatus = 'Running'`;
  for (const [state, where] of Object.entries(WHERE) as [(typeof NODE_STATES)[number], string][])
    record('nodes', (await client.workflow.count(`${ours} AND ${where}`)).count, { state });
  const marked = await client.workflow.count(`${ours} AND ${SEARCH_ATTRIBUTE.needsAttention.name} = true`);
  record('needsAttention', marked.count);
}

/** Reads the Schedule's last completed sweep, where there is a newer one. */
function sweepReader({ client, account, record }: CensusOptions): () => Promise<void> {
  let known: string | undefined;
  return async () => {
    try {
      const { info } = await client.schedule.getHandle(sweepScheduleId(account)).describe();
      for (const { action } of [...info.recentActions].reverse()) {
        const { workflowId, firstExecutionRunId } = action.workflow;
        if (firstExecutionRunId === known) return;
        const run = client.workflow.getHandle(workflowId, firstExecutionRunId);
        if ((await run.describe()).status.name !== 'COMPLETED') continue;
        tellSweep((await run.result()) as SweepResult, record);
        known = firstExecutionRunId;
        return;
      }
    } catch (error) {
      // Else: no Schedule, its runs forgotten, or written with a key that this worker lacks, all of which is said elsewhere.
      if (error instanceof ServiceError) throw error;
    }
  };
}

function tellSweep({ at, counts, stopped, owners, unproven }: SweepResult, record: Recorder): void {
  for (const verdict of VERDICT_KINDS) record('sweepInstances', counts[verdict], { verdict });
  record('sweepTime', Date.parse(at) / 1_000);
  record('sweepTroubles', stopped === undefined ? 0 : 1, { kind: 'stopped' });
  record('sweepTroubles', owners.length, { kind: 'owners' });
  record('sweepTroubles', unproven, { kind: 'unproven' });
}
