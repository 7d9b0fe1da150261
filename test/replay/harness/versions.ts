import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { Client, Connection } from '@temporalio/client';
import { readConfig } from '../../../src/config.ts';
import { mainTaskQueue } from '../../../src/contract/task-queues.ts';
import { createWorld } from '../../../src/demo/world.ts';
import type { DeploymentVersion } from '../../../src/deployment-version.ts';
import { createLogger } from '../../../src/observability/logger.ts';
import type { Simulator } from '../../../src/simulator/index.ts';
import { startWorker, type RunningWorker } from '../../../src/worker.ts';
import { FACTOR } from '../../faults/harness/scale.ts';
import { scaledLooks } from '../../faults/harness/settings.ts';
import { workerOptions } from '../../faults/harness/worker-options.ts';
import { quietRuntime } from './replay.ts';

/** A cloud with room for all, and workers of more than one release for it. */
export interface Fleet {
  readonly client: Client;
  readonly simulator: Simulator;
  readonly account: string;
  readonly taskQueue: string;
  /** A worker with these workflows; without a version, one that is none. */
  startWorker(bundlePath: string, version?: DeploymentVersion): Promise<RunningWorker>;
  close(): Promise<void>;
}

export async function openFleet(address: string, account: string): Promise<Fleet> {
  quietRuntime();
  const logger = createLogger({ level: 'fatal', format: 'json' });
  const world = await createWorld({
    ...{ temporalAddress: address, account, logger, seed: 1, clockFactor: FACTOR, limits: 'off' },
    bootModel: { addressMs: [1_000, 2_000], singleGpuActiveMs: [30_000, 60_000], terminationMs: [8_000, 12_000] },
    environment: { LAMBDA_REQUEST_INTERVAL: '1ms', LAMBDA_LAUNCH_INTERVAL: '1ms' },
  });
  const client = new Client({ connection: await Connection.connect({ address }) });
  const workers = new Set<RunningWorker>();
  return {
    ...{ client, simulator: world.simulator, account, taskQueue: mainTaskQueue(account) },
    startWorker: async (workflowBundlePath, version) => {
      const versioned: Record<string, string> =
        version === undefined
          ? {}
          : { NAVARCH_DEPLOYMENT_NAME: version.deploymentName, NAVARCH_BUILD_ID: version.buildId };
      const worker = await startWorker({
        config: readConfig({ ...world.environment, ...versioned }),
        temporal: { connection: { address }, namespace: 'default' },
        ...{ logger, looks: scaledLooks(), workflowBundlePath, workerOptions: workerOptions() },
      });
      workers.add(worker);
      return worker;
    },
    close: async () => {
      await Promise.allSettled([...workers].map((worker) => worker.stop()));
      await world.close();
      await client.connection.close();
    },
  };
}

/** The workflows of the earlier release, as a worker takes them. See fixture-release/release.json. */
export async function fixtureBundle(): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'navarch-fixture-'));
  const path = join(folder, 'workflow-bundle.js');
  const packed = readFileSync(new URL('../fixture-release/workflow-bundle.js.gz', import.meta.url));
  await writeFile(path, gunzipSync(packed));
  return { path, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** As `temporal worker deployment set-current-version` does, once the version's workers have been seen. */
export async function makeCurrent(client: Client, version: DeploymentVersion): Promise<void> {
  const { namespace } = client.options;
  for (;;) {
    try {
      await client.workflowService.setWorkerDeploymentCurrentVersion({ namespace, ...version });
      return;
    } catch (error) {
      if (!/not found|does not exist|missing/i.test(String((error as Error).cause ?? error))) throw error;
      await sleep(200);
    }
  }
}

/** Which version a workflow's latest run is of. */
export async function versionOf(client: Client, workflowId: string): Promise<string | undefined> {
  const { raw } = await client.workflow.getHandle(workflowId).describe();
  return raw.workflowExecutionInfo?.versioningInfo?.deploymentVersion?.buildId ?? undefined;
}

/** Of DrainageStatus: nothing runs on the version any more. */
const DRAINED = 2;

export async function isDrained(client: Client, version: DeploymentVersion): Promise<boolean> {
  const { workerDeploymentVersionInfo } = await client.workflowService.describeWorkerDeploymentVersion({
    namespace: client.options.namespace,
    deploymentVersion: version,
  });
  return (workerDeploymentVersionInfo?.drainageInfo?.status as number | undefined) === DRAINED;
}

/** News that come while a task ends let it be repeated: that is no failure. */
const REPEATED = 'UnhandledCommand';

/** Why workflow tasks of these workflows' latest runs failed, in Temporal's words. */
export async function failedTasks(client: Client, workflowIds: readonly string[]): Promise<readonly string[]> {
  const failed = await Promise.all(
    workflowIds.map(async (workflowId) => {
      const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
      return (events ?? []).flatMap(({ workflowTaskFailedEventAttributes: attributes }) =>
        attributes == null ? [] : [`${workflowId}: ${attributes.failure?.message ?? ''}`],
      );
    }),
  );
  return failed.flat().filter((why) => !why.endsWith(REPEATED));
}
