import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { readConfig } from '../../../src/config.ts';
import { mainTaskQueue } from '../../../src/contract/task-queues.ts';
import { createLogger } from '../../../src/observability/logger.ts';
import { startWorker, type RunningWorker } from '../../../src/worker.ts';
import { puppetOf, type Puppeteer } from './puppet.ts';
import { workerOptions } from './worker-options.ts';
import { environmentOf, newSite, scaledLooks, startCloud, type Site } from './settings.ts';
import { withoutSchedule } from './temporal.ts';

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
  /** Kills the worker's process and starts another one: of slots that have one. */
  killWorker?(): Promise<void>;
  /** The same to Temporal's server and the worker. */
  killEverything?(): Promise<void>;
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
  const client = await clientOf(ground);
  await withoutSchedule(client, site.account);
  return {
    client,
    site,
    taskQueue: mainTaskQueue(site.account),
    strings,
    replaceWorker: async () => {
      const old = worker;
      worker = await startSlotWorker(ground, site, strings);
      await withoutSchedule(client, site.account);
      await old.stop();
    },
    close: () => worker.stop(),
  };
}

const connections = new Map<string, Promise<Connection>>();

/**
 * One connection for all slots of the process: each connection tracks its calls' contexts, and Node pays for that with every promise that
 * anybody makes.
 */
async function clientOf({ temporalAddress }: Ground): Promise<Client> {
  let connection = connections.get(temporalAddress);
  if (connection === undefined) {
    connection = Connection.connect({ address: temporalAddress });
    connections.set(temporalAddress, connection);
  }
  return new Client({ connection: await connection });
}

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
    workerOptions: workerOptions(puppetOf(puppeteer)),
  });
}
