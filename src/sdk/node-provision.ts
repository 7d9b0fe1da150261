import { WorkflowNotFoundError } from '@temporalio/common';
import type { Accepted } from '../contract/messages.ts';
import type { Node } from '../contract/provision-node.ts';
import type { Caller } from './caller.ts';
import { follow, type ProgressOptions } from './follow.ts';
import { readProgress, type Progress } from './node-status.ts';
import { lastOfChain } from './run-chain.ts';

/** A provision that Temporal works on, whether or not anybody holds this handle. */
export class NodeProvision {
  readonly #caller: Caller;
  readonly workflowId: string;
  readonly runId: string;
  /** Where the Temporal UI shows it. Undefined: the UI's address is not known (`uiUrl` of `connect`). */
  readonly url: string | undefined;

  constructor(caller: Caller, accepted: Accepted) {
    this.#caller = caller;
    this.workflowId = accepted.workflowId;
    this.runId = accepted.runId;
    this.url = caller.place(accepted.workflowId, accepted.runId).url;
  }

  /**
   * The ready node, however long it takes.
   * @throws ProvisioningError when it failed (everything is undone), ProvisionCancelledError, WorkflowLostError; TemporalUnreachableError
   * when Temporal is lost on the way: the provision goes on, and may be asked again.
   */
  async ready(): Promise<Node> {
    return this.#end();
  }

  /** Where it is now, and why it waits; once it has ended, where it came to, whoever has the name by then. @throws NoWorkerError, TemporalUnreachableError */
  async status(): Promise<Progress> {
    const runId = await lastOfChain(this.#caller, this.workflowId, this.runId);
    return readProgress(this.#caller, this.#caller.place(this.workflowId, runId));
  }

  /** Its status whenever that changes, until it is ready or has failed, which `ready` tells: `for await (const { phase } of provision.progress())`. */
  progress(options: ProgressOptions = {}): AsyncIterable<Progress> {
    return follow(
      () => this.status(),
      (signal) => this.#end(signal),
      options,
    );
  }

  /**
   * Asks it to undo what it did and to end; `ready` then throws ProvisionCancelledError.
   * @returns whether it was asked; false: it has ended, so that nothing happens. @throws TemporalUnreachableError
   */
  async cancel(): Promise<boolean> {
    const { client, unread } = this.#caller;
    const { workflowId, runId } = this;
    return this.#caller.ask(workflowId, async () => {
      try {
        // It may have continued as new since; the first run's id names the chain, so that a later provision of the name is left alone.
        const { raw, status } = await unread.workflow.getHandle(workflowId, runId).describe();
        if (status.name !== 'RUNNING' && status.name !== 'CONTINUED_AS_NEW') return false;
        const firstExecutionRunId = raw.workflowExecutionInfo?.firstRunId ?? runId;
        await client.workflow.getHandle(workflowId, undefined, { firstExecutionRunId }).cancel();
        return true;
      } catch (error) {
        // It ended just now; or so long ago that Temporal has forgotten it.
        if (error instanceof WorkflowNotFoundError) return false;
        throw error;
      }
    });
  }

  async #end(signal?: AbortSignal): Promise<Node> {
    const { workflowId, runId } = this;
    const { client } = this.#caller;
    const result = (): Promise<Node> => client.workflow.getHandle<() => Promise<Node>>(workflowId, runId).result();
    return this.#caller.ask(this.#caller.place(workflowId, runId), result, signal);
  }
}
