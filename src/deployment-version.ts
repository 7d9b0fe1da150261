import type { Client } from '@temporalio/client';
import { WORKFLOW_TASKS } from './sdk/caller.ts';

// Workers as versions of a deployment, as Temporal knows them (docs/upgrading.md). Read by the worker that is one, by `setup` and `doctor`.

/** One version of a deployment: all workers that run one build. */
export interface DeploymentVersion {
  readonly deploymentName: string;
  readonly buildId: string;
}

/** Who gets the workflow tasks of a task queue. */
export interface Routing {
  /** The version for new work; undefined: workers that are no versions. */
  readonly current: DeploymentVersion | undefined;
  /** The versions whose workers poll. */
  readonly polling: readonly DeploymentVersion[];
  /** Whether workers poll that are no versions. */
  readonly isPolledUnversioned: boolean;
}

// Of the server's API: a worker that is a version, by its WorkerVersioningMode.
const VERSIONED = 2;

/** Pollers are those of the last five minutes. */
export async function readRouting(client: Client, taskQueue: string): Promise<Routing> {
  const { pollers, versioningInfo } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: taskQueue },
    taskQueueType: WORKFLOW_TASKS,
  });
  const polling = new Map<string, DeploymentVersion>();
  let isPolledUnversioned = false;
  for (const { deploymentOptions } of pollers) {
    if ((deploymentOptions?.workerVersioningMode as number | undefined) === VERSIONED) {
      const version = versionOf(deploymentOptions);
      if (version !== undefined) polling.set(nameOf(version), version);
    } else isPolledUnversioned = true;
  }
  const current = versionOf(versioningInfo?.currentDeploymentVersion);
  return { current, polling: [...polling.values()], isPolledUnversioned };
}

/** As Temporal's command line and UI write it. */
export function nameOf({ deploymentName, buildId }: DeploymentVersion): string {
  return `${deploymentName}:${buildId}`;
}

export function isSameVersion(a: DeploymentVersion | undefined, b: DeploymentVersion | undefined): boolean {
  return a?.deploymentName === b?.deploymentName && a?.buildId === b?.buildId;
}

/** Why work waits although workers poll; undefined: it does not. */
export function whyWorkWaits({ current, polling, isPolledUnversioned }: Routing): string | undefined {
  const names = polling.map(nameOf).join(', ');
  if (current === undefined) {
    return polling.length === 0 || isPolledUnversioned
      ? undefined
      : `its workers are versions of a deployment (${names}), and none is the current one: all work waits`;
  }
  if (polling.some((version) => isSameVersion(version, current))) return undefined;
  const others = [...(isPolledUnversioned ? ['workers that are no versions'] : []), ...(names === '' ? [] : [names])];
  const only = others.length === 0 ? '' : `, only ${others.join(', ')}`;
  return `no worker of the current version ${nameOf(current)} polls${only}: new work waits`;
}

/** On the wire, what is not set is empty or absent. */
interface Told {
  readonly deploymentName?: string | null;
  readonly buildId?: string | null;
}

function versionOf(told: Told | null | undefined): DeploymentVersion | undefined {
  const deploymentName = told?.deploymentName ?? '';
  const buildId = told?.buildId ?? '';
  return deploymentName === '' || buildId === '' ? undefined : { deploymentName, buildId };
}
