import { Client, Connection } from '@temporalio/client';
import { inject } from 'vitest';
import { mainTaskQueue } from '../../../src/contract/task-queues.ts';
import { forkWorker, startChildWorker, type ChildWorker, type Strings } from './child-worker.ts';
import { environmentOf, newSite, scaledLooks, startCloud } from './settings.ts';
import type { Slot } from './slot.ts';
import { withoutSchedule } from './temporal.ts';

/** A slot whose worker is a process of its own. */
export interface ProcessSlot extends Slot {
  readonly strings: Strings;
  worker(): ChildWorker;
  /** Another one beside the first. */
  addWorker(): Promise<ChildWorker>;
}

let opened = 0;

export async function openProcessSlot(
  options: {
    readonly temporalAddress?: string;
    readonly asksBeforeKey?: boolean;
    /** Kills Temporal itself, and starts it again. */
    readonly restartTemporal?: () => Promise<void>;
  } = {},
): Promise<ProcessSlot> {
  const { temporalAddress = inject('temporalAddress'), asksBeforeKey = false, restartTemporal } = options;
  opened += 1;
  const site = await newSite(`faults-p-${process.pid}-${opened}`);
  const strings: Strings = { puppeteer: undefined };
  const settings = {
    environment: environmentOf(site),
    temporalAddress,
    workflowBundlePath: inject('workflowBundlePath'),
    looks: scaledLooks(),
    asksBeforeKey,
  };
  const workers: ChildWorker[] = [];
  // On a busy machine a process loads for so long that what these tests shorten would be over before a killed worker's successor comes.
  let spare = forkWorker(inject('workerProcessPath'));
  const addWorker = async (): Promise<ChildWorker> => {
    const added = await startChildWorker(spare, settings, strings);
    workers.push(added);
    spare = forkWorker(inject('workerProcessPath'));
    await withoutSchedule(client, site.account);
    return added;
  };
  const connection = await Connection.connect({ address: temporalAddress });
  const client = new Client({ connection });
  const cloud = await startCloud(site, 1, []);
  let worker = await addWorker();
  await cloud.close();
  return {
    client,
    site,
    taskQueue: mainTaskQueue(site.account),
    strings,
    worker: () => worker,
    addWorker,
    async replaceWorker() {
      const old = worker;
      worker = await addWorker();
      await old.stop();
    },
    async killWorker() {
      await worker.kill();
      worker = await addWorker();
    },
    async killEverything() {
      await Promise.all([worker.kill(), restartTemporal?.()]);
      worker = await addWorker();
    },
    async close() {
      spare.kill('SIGKILL');
      await Promise.all(workers.map((each) => each.kill()));
      await connection.close();
    },
  };
}
