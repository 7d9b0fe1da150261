import { CommanderError } from 'commander';
import {
  CapacityUnavailableError,
  InvalidRequestError,
  NameConflictError,
  NodeNotFoundError,
  NodeProvisionerError,
  NoWorkerError,
  ProvisionCancelledError,
  ProvisioningError,
  TemporalUnreachableError,
  UnauthorizedError,
  WorkflowLostError,
} from '../sdk/index.ts';
import { flagOf } from './flags.ts';
import { InterruptedError } from './interrupted.ts';
import { PersonNeededError } from './person-needed.ts';
import { oneLine } from './text.ts';

/** An error for a person: what is the matter, in one sentence, and what to do. */
export interface Explanation {
  readonly sentence: string;
  readonly advice?: string | undefined;
}

/** Undefined: it was said already (commander says usage errors itself), or is none. */
export function explain(error: unknown): Explanation | undefined {
  if (error instanceof CommanderError) return undefined;
  const message = error instanceof Error ? error.message : String(error);
  return { sentence: oneLine(sentence(error, message)), advice: advice(error) };
}

function sentence(error: unknown, message: string): string {
  if (error instanceof InvalidRequestError && error.fields.length > 0) {
    const problems = error.fields.map(({ field, problem }) => {
      const flag = flagOf(field);
      return `${field}${flag === undefined ? '' : ` (${flag})`}: ${problem}`;
    });
    return `invalid request: ${problems.join('; ')}`;
  }
  return error instanceof NodeProvisionerError ? error.reason : message;
}

function advice(error: unknown): string | undefined {
  if (error instanceof InterruptedError || error instanceof PersonNeededError) return error.advice;
  if (error instanceof CapacityUnavailableError) {
    return 'Wait longer (--wait-up-to), or allow more types or regions (--type and --region may be repeated).';
  }
  if (error instanceof NameConflictError) {
    return 'Choose another name; or repeat the first request exactly, to join it; or end that node: navarch-provisioner terminate <name>';
  }
  if (error instanceof UnauthorizedError) {
    return 'Look at the API key and the tokens of the worker (LAMBDA_API_KEY, NAVARCH_AUTH_TOKEN where the worker runs).';
  }
  if (error instanceof NodeNotFoundError) return 'navarch-provisioner list shows the nodes there are.';
  if (error instanceof TemporalUnreachableError) {
    return 'Look at --address and --namespace (TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE), and whether the server runs.';
  }
  if (error instanceof NoWorkerError) {
    return `The worker must run with the same account and namespace (--account, --namespace); it polls ${error.taskQueue}.`;
  }
  if (error instanceof WorkflowLostError) {
    if (!isOwner(error)) return undefined;
    return 'Its undo did not run. What it may have left is shown by navarch-provisioner sweep --dry-run, and ended by the second sweep that sees it.';
  }
  if (error instanceof ProvisionCancelledError) {
    return isOwner(error) ? 'What it had launched is ended.' : undefined;
  }
  if (error instanceof ProvisioningError && error.type !== 'invalid_request' && error.workflowId !== undefined) {
    return `The history of ${error.workflowId} in the Temporal UI shows each step${error.url === undefined ? '.' : `: ${error.url}`}`;
  }
  return undefined;
}

/** Other workflows own nothing that they could have undone, or left. */
function isOwner({ workflowId = '' }: NodeProvisionerError): boolean {
  return workflowId.startsWith('provision-node/') || workflowId.startsWith('node/');
}
