import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import type { EndedInstance } from '../contract/sweep.ts';
import { resultOf, type Caller } from './caller.ts';
import { follow, type ProgressOptions } from './follow.ts';
import { readProgress, type Progress } from './node-status.ts';

/** A wish to end an instance that Temporal works on, whether or not anybody holds this handle. */
export class InstanceEnding {
  readonly #caller: Caller;
  readonly #handle: WorkflowHandleWithFirstExecutionRunId;

  constructor(caller: Caller, handle: WorkflowHandleWithFirstExecutionRunId) {
    this.#caller = caller;
    this.#handle = handle;
  }

  get workflowId(): string {
    return this.#handle.workflowId;
  }

  /** What ended, once that is proven. @throws InvalidRequestError when it is not ours to end, NoWorkerError (the wish is stored), other ProvisioningErrors */
  async ended(): Promise<EndedInstance> {
    return this.#end();
  }

  /** Its progress towards its end, whenever that changes. */
  progress(options: ProgressOptions = {}): AsyncIterable<Progress> {
    return follow(
      () => readProgress(this.#caller, this.workflowId),
      (signal) => this.#end(signal),
      options,
    );
  }

  async #end(signal?: AbortSignal): Promise<EndedInstance> {
    return resultOf<EndedInstance>(this.#caller, this.#handle, 'wish', signal);
  }
}
