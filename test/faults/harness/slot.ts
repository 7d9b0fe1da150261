import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { readConfig } from '../../../src/config.ts';
import { mainTaskQueue } from '../../../src/contract/task-queues.ts';
import { sweepScheduleId } from '../../../src/contract/workflow-ids.ts';
import { createLogger } from '../../../src/observability/logger.ts';
import { startWorker, type RunningWorker } from '../../../src/worker.ts';
import { puppetOf, type Puppeteer } from './puppet.ts';
import { environmentOf, newSite, scaledLooks, startCloud, type Site } from './settings.ts';

/** What a slot's worker obeys at the moment. */
interface Strings {
  puppeteer: Puppeteer | undefined;
}

/** A place where runs happen one after the other: an account with its worker, and ports for a cloud that is new for each run. */
export interface Slot {
  readonly client: Client;
  readonly site: Site;
  readonly taskQueue: string;
  readonly strings: Strings;
  /** Stops the worker, as by SIGTERM, when another one runs. */
  replaceWorker(): Promise<void>;
  close(): Promise<void>;
}

/** What the project's global setups provide. */
export interface Ground {
  readonly temporalAddress: string;
  readonly workflowBundlePath: string;
}

let installed = false;
let opened = 0;

/** The native side says nothing: what goes wrong here is meant to. */
export function quietRuntime(): void {
  if (installed) return;
  installed = true;
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter: 'OFF' } } });
}

export async function openSlot(ground: Ground): Promise<Slot> {
  quietRuntime();
  opened += 1;
  const site = await newSite(`faults-${process.pid}-${opened}`);
  const strings: Strings = { puppeteer: undefined };
  // The worker asks for the account's SSH keys when it starts: somebody should answer.
  const cloud = await startCloud(site, 1, []);
  let worker = await startSlotWorker(ground, site, strings);
  await cloud.close();
  const connection = await Connection.connect({ address: ground.temporalAddress });
  const client = new Client({ connection });
  // Sweeps are part of a story, or are not there.
  await client.schedule.getHandle(sweepScheduleId(site.account)).delete();
  return {
    client,
    site,
    taskQueue: mainTaskQueue(site.account),
    strings,
    replaceWorker: async () => {
      const old = worker;
      worker = await startSlotWorker(ground, site, strings);
      await old.stop();
    },
    close: async () => {
      await worker.stop();
      await connection.close();
    },
  };
}

/** A worker has three queues and one node to look after: the usual ten pollers for each would keep the server busy. */
export const FEW_POLLERS = {
  workflowTaskPollerBehavior: { type: 'simple-maximum', maximum: 2 },
  activityTaskPollerBehavior: { type: 'simple-maximum', maximum: 2 },
} as const;

function startSlotWorker(
  { temporalAddress, workflowBundlePath }: Ground,
  site: Site,
  strings: Strings,
): Promise<RunningWorker> {
  const puppeteer: Puppeteer = {
    before: async (execution) => strings.puppeteer?.before(execution) ?? 'go',
    after: async (execution) => strings.puppeteer?.after(execution) ?? 'go',
    done: (execution) => strings.puppeteer?.done(execution),
  };
  return startWorker({
    config: readConfig(environmentOf(site)),
    temporal: { connection: { address: temporalAddress }, namespace: 'default' },
    logger: createLogger({ level: 'fatal', format: 'json' }),
    looks: scaledLooks(),
    workflowBundlePath,
    workerOptions: {
      ...FEW_POLLERS,
      maxHeartbeatThrottleInterval: '100ms',
      interceptors: { activity: [puppetOf(puppeteer)] },
    },
  });
}
