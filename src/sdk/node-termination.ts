import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import type { TerminatedNode } from '../contract/terminate-node.ts';
import { resultOf, type Caller } from './caller.ts';
import { follow, type ProgressOptions } from './follow.ts';
import { readStatus } from './node-status.ts';
import type { Progress } from './node-status.ts';

/** A wish to end a node that Temporal works on, whether or not anybody holds this handle. */
export class NodeTermination {
  readonly #caller: Caller;
  readonly #handle: WorkflowHandleWithFirstExecutionRunId;
  readonly #name: string;

  constructor(caller: Caller, handle: WorkflowHandleWithFirstExecutionRunId, name: string) {
    this.#caller = caller;
    this.#handle = handle;
    this.#name = name;
  }

  get workflowId(): string {
    return this.#handle.workflowId;
  }

  /** What ended, once that is proven. @throws NodeNotFoundError, NoWorkerError (the wish is stored), other ProvisioningErrors */
  async ended(): Promise<TerminatedNode> {
    return this.#end();
  }

  /** The node's progress towards its end, whenever that changes. */
  progress(options: ProgressOptions = {}): AsyncIterable<Progress> {
    return follow(
      async () => (await readStatus(this.#caller, this.#name))?.progress,
      (signal) => this.#end(signal),
      options,
    );
  }

  async #end(signal?: AbortSignal): Promise<TerminatedNode> {
    return resultOf<TerminatedNode>(this.#caller, this.#handle, 'wish', signal);
  }
}
