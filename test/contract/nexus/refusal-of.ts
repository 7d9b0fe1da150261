import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, NexusOperationFailure } from '@temporalio/common';
import { HandlerError } from 'nexus-rpc';

/** What a caller can match on: the failure of an operation, and what lies below it. */
export interface Refusal {
  /** `cancelled`, the `type` of a failure or of a handler error. */
  readonly type: string | undefined;
  readonly message: string;
  readonly details: unknown;
  readonly cause: Refusal | undefined;
}

/** How the operation that a caller's workflow waited for ended badly. */
export async function refusalOf(call: WorkflowHandle): Promise<Refusal | undefined> {
  let result: unknown;
  try {
    result = await call.result();
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    const { cause } = error;
    return described(cause instanceof NexusOperationFailure ? cause.cause : cause);
  }
  throw new Error(`it succeeded: ${JSON.stringify(result)}`);
}

function described(failure: unknown): Refusal | undefined {
  if (!(failure instanceof Error)) return undefined;
  const details: unknown = failure instanceof ApplicationFailure ? failure.details?.[0] : undefined;
  return { type: typeOf(failure), message: failure.message, details, cause: described(failure.cause) };
}

function typeOf(failure: Error): string | undefined {
  if (failure instanceof CancelledFailure) return 'cancelled';
  if (failure instanceof ApplicationFailure) return failure.type ?? undefined;
  return failure instanceof HandlerError ? failure.type : failure.name;
}
