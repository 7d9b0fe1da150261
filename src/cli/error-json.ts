import { CommanderError } from 'commander';
import { ConfigurationError } from '../config.ts';
import type { FieldProblem } from '../contract/parse.ts';
import type { FailureType } from '../domain/failures.ts';
import {
  ConfigurationError as ClientConfigurationError,
  InvalidRequestError,
  NameConflictError,
  NodeProvisionerError,
  NoWorkerError,
  ProvisionCancelledError,
  ProvisioningError,
  TemporalUnreachableError,
  WorkflowLostError,
} from '../sdk/index.ts';
import { exitCodeOf, type ExitCode } from './exit-codes.ts';
import { explain } from './explain.ts';
import { InterruptedError } from './interrupted.ts';
import { PersonNeededError } from './person-needed.ts';
import { oneLine } from './text.ts';
import { UsageError } from './usage-error.ts';

/** What went wrong, for programs. Additive only. */
export interface ErrorDocument {
  readonly error: {
    /** The failure's `type` where a workflow says it; otherwise what kept the command from its result. */
    readonly type:
      | FailureType
      | 'usage'
      | 'configuration'
      | 'cancelled'
      | 'lost'
      | 'no_worker'
      | 'temporal_unreachable'
      | 'interrupted'
      | 'unexpected';
    readonly message: string;
    /** What to do about it, for people. */
    readonly advice?: string;
    readonly exitCode: ExitCode;
    readonly workflowId?: string;
    /** Of the request, at fault or differing. */
    readonly fields?: readonly (FieldProblem | string)[];
  };
}

/** Undefined: it is no error, or the command's own document says it. */
export function errorDocument(error: unknown): ErrorDocument | undefined {
  const exitCode = exitCodeOf(error);
  if (exitCode === 0 || error instanceof PersonNeededError) return undefined;
  const message = error instanceof Error ? error.message : String(error);
  const advice = explain(error)?.advice;
  const workflowId = error instanceof NodeProvisionerError ? error.workflowId : undefined;
  const fields = error instanceof InvalidRequestError || error instanceof NameConflictError ? error.fields : [];
  return {
    error: {
      type: typeOf(error),
      message: oneLine(error instanceof CommanderError ? message.replace(/^error: /, '') : message),
      ...(advice === undefined ? {} : { advice }),
      exitCode,
      ...(workflowId === undefined ? {} : { workflowId }),
      ...(fields.length === 0 ? {} : { fields }),
    },
  };
}

function typeOf(error: unknown): ErrorDocument['error']['type'] {
  if (error instanceof ProvisioningError) return error.type;
  if (error instanceof CommanderError || error instanceof UsageError) return 'usage';
  if (error instanceof ConfigurationError || error instanceof ClientConfigurationError) return 'configuration';
  if (error instanceof InterruptedError) return 'interrupted';
  if (error instanceof ProvisionCancelledError) return 'cancelled';
  if (error instanceof WorkflowLostError) return 'lost';
  if (error instanceof NoWorkerError) return 'no_worker';
  if (error instanceof TemporalUnreachableError) return 'temporal_unreachable';
  return 'unexpected';
}
