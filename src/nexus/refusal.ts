import { HandlerError, type HandlerErrorType } from 'nexus-rpc';
import type { z } from 'zod';
import { parseRequest } from '../contract/parse.ts';

/** What a caller sent, parsed. @throws HandlerError BAD_REQUEST that names each field at fault */
export function validInput<T extends z.ZodType>(schema: T, input: unknown): z.output<T> {
  try {
    return parseRequest(schema, input);
  } catch (cause) {
    throw refusal('BAD_REQUEST', cause);
  }
}

/**
 * Refuses an operation for good. The failure of the contract is the cause, so that callers match on its `type` here as where a workflow has
 * failed: of an `OperationError` they would see a failure of that name first.
 */
export function refusal(type: HandlerErrorType, cause: unknown): HandlerError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new HandlerError(type, message, { cause, retryableOverride: false });
}
