import type { Client } from '@temporalio/client';
import type { WorkerOptions } from '@temporalio/worker';
import { isSameVersion, nameOf, readRouting, type DeploymentVersion } from './deployment-version.ts';
import type { Logger } from './observability/logger.ts';
import { setCurrentVersionCommand, type Place } from './setup/admin-commands.ts';

// A worker process as one version of a deployment: both of its workers, for a workflow's activities go to workers of its own version, on
// whatever queue of the deployment they are scheduled. docs/upgrading.md says what comes of it.

/**
 * Every workflow is PINNED: what a version began, it does to its end, and none replays what another one did. A boot is at stake, and a broker
 * whose task fails stops everybody. Those that may live for weeks move on where they continue as new (workflows/versions.ts).
 */
export function versioned(deployment: DeploymentVersion | undefined): Pick<WorkerOptions, 'workerDeploymentOptions'> {
  if (deployment === undefined) return {};
  return {
    workerDeploymentOptions: {
      version: deployment,
      useWorkerVersioning: true,
      defaultVersioningBehavior: 'PINNED',
    },
  };
}

const LOOK_MS = 30_000;

/** Says once, and again when it changes, whether this version gets new work: one that nobody has made current polls in vain, and looks healthy. */
export function watchVersion(options: {
  readonly client: Client;
  readonly taskQueue: string;
  readonly place: Place;
  readonly deployment: DeploymentVersion | undefined;
  readonly logger: Logger;
}): { stop(): void } {
  const { client, taskQueue, place, deployment, logger } = options;
  if (deployment === undefined) return { stop: () => undefined };
  const version = nameOf(deployment);
  const make = setCurrentVersionCommand(place, deployment);
  let known: DeploymentVersion | 'none' | undefined;
  let isStopped = false;
  const look = async (): Promise<void> => {
    const { current } = await readRouting(client, taskQueue);
    const isNews = known === undefined || !isSameVersion(known === 'none' ? undefined : known, current);
    known = current ?? 'none';
    if (!isNews || isStopped) return;
    if (current === undefined) {
      logger.warn(
        { version, make },
        'no version of the worker is the current one: all work waits until one is made so',
      );
    } else if (isSameVersion(current, deployment)) {
      logger.info({ version }, 'this version of the worker is the current one: it gets new work');
    } else {
      const others = nameOf(current);
      logger.info(
        { version, current: others, make },
        'another version of the worker gets new work: this one does its own',
      );
    }
  };
  const again = (): void => {
    look().catch((error: unknown) => logger.debug({ err: error }, 'Temporal does not tell which version is current'));
  };
  const timer = setInterval(again, LOOK_MS);
  timer.unref();
  again();
  return {
    stop: () => {
      isStopped = true;
      clearInterval(timer);
    },
  };
}
