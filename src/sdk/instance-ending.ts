import type { WorkflowHandle } from '@temporalio/client';
import type { EndedInstance } from '../contract/sweep.ts';
import { resultOf, type Caller } from './caller.ts';
import { follow, type WatchOptions } from './follow.ts';
import { readTrouble } from './node-status.ts';

/** How the end of an instance gets on. */
export interface EndingProgress {
  /** Why the step in hand had to be repeated: the last failure of an attempt that was not an ordinary "not yet". */
  readonly trouble?: string;
}

/** A wish to end an instance that Temporal works on, whether or not anybody holds this handle. */
export class InstanceEnding {
  readonly #caller: Caller;
  readonly #handle: WorkflowHandle;

  constructor(caller: Caller, handle: WorkflowHandle) {
    this.#caller = caller;
    this.#handle = handle;
  }

  get workflowId(): string {
    return this.#handle.workflowId;
  }

  /** What ended, once that is proven. @throws InvalidRequestError when it is not ours to end, NoWorkerError (the wish is stored), other ProvisioningErrors */
  async result(): Promise<EndedInstance> {
    return resultOf<EndedInstance>(this.#caller, this.#handle, 'wish');
  }

  /** Whatever is in its way, whenever that changes. */
  watch(options: WatchOptions = {}): AsyncIterable<EndingProgress> {
    return follow(
      async () => {
        const trouble = await readTrouble(this.#caller, this.workflowId);
        return trouble === undefined ? {} : { trouble };
      },
      this.result(),
      options,
    );
  }
}
