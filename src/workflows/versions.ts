import { makeContinueAsNewFunc, workflowInfo, type Workflow } from '@temporalio/workflow';

// Where workers are versions of a deployment (docs/upgrading.md), every run stays with the version that began it: no worker ever replays what
// another version did. What lives long moves on where it continues as new. Without versioning all of this does nothing.

/**
 * Whether another version is the one for new work by now. A run that began so was held back on purpose (an override of an operator), or was
 * handed over by one that was: it does not try to leave.
 */
export class Version {
  readonly #wasOutdated = isOutdated();

  /** True from the first task on that comes after the change. */
  get isOutdated(): boolean {
    return !this.#wasOutdated && isOutdated();
  }
}

/** The same without regard to how it began. */
export function isOutdated(): boolean {
  return workflowInfo().targetWorkerDeploymentVersionChanged;
}

/**
 * Continues as new with the version that is current then. Its input was written by another version than reads it (P13). The memo is given
 * anew: left to itself the next run begins with what this one began with, under the payload key of long ago.
 */
export function continueOnCurrentVersion<F extends Workflow>(...args: Parameters<F>): Promise<never> {
  const { memo } = workflowInfo();
  const withMemo = memo === undefined ? {} : { memo };
  return makeContinueAsNewFunc<F>({ initialVersioningBehavior: 'AUTO_UPGRADE', ...withMemo })(...args);
}
