import { allHandlersFinished, CancellationScope, condition, setHandler, workflowInfo } from '@temporalio/workflow';
import { acceptUpdate } from '../contract/messages.ts';
import type { ProvisionNodeRequest } from '../contract/provision-node.ts';
import { refuseDifferent } from '../contract/same-request.ts';

/**
 * P9. Answers `accept`: whoever asks for another request than the one in work is refused at once; everybody else hears as soon as it is
 * known whether the name is free for it, so that a conflict with a living node reaches the caller who asks, not only the workflow's end.
 */
export class Admission {
  #outcome: { readonly refusal?: Error } | undefined;

  constructor(request: ProvisionNodeRequest) {
    setHandler(
      acceptUpdate,
      async () => {
        await condition(() => this.#outcome !== undefined);
        if (this.#outcome?.refusal !== undefined) throw this.#outcome.refusal;
        return { workflowId: workflowInfo().workflowId, runId: workflowInfo().runId };
      },
      {
        description: 'Start, or join the provision in progress; refused when the name is held by another request.',
        validator: (asked) => refuseDifferent(asked, request, request.name),
      },
    );
  }

  /** The name is this request's. */
  grant(): void {
    this.#outcome ??= {};
  }

  /** Runs the story. If it ends before the name was granted, those who asked are told why; nobody is left without an answer. */
  async during<T>(story: () => Promise<T>): Promise<T> {
    try {
      return await story();
    } catch (error) {
      if (error instanceof Error) this.#outcome ??= { refusal: error };
      throw error;
    } finally {
      this.grant();
      await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
    }
  }
}

/** Opens the story of a request. If that fails, those who sent the request by `accept` are told why, as the workflow's end tells others. */
export function admittedOrRefused<T>(open: () => T): T {
  try {
    return open();
  } catch (error) {
    const refuse: (asked: ProvisionNodeRequest) => never = () => {
      throw error;
    };
    setHandler(acceptUpdate, refuse, { validator: refuse });
    throw error;
  }
}
