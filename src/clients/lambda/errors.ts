/**
 * What can go wrong with a Lambda Cloud request: one class for each thing a caller does differently, one closed word (`type`)
 * for each class. Branch on the class, on `type` or on `code`; messages are for people and may change.
 *
 * No error here carries the API key, the jupyter credentials of an instance, or the HTTP library's own error object.
 */

/** The closed vocabulary of this client. It survives serialization, where classes do not. */
export type LambdaErrorType =
  | 'capacity_unavailable'
  | 'invalid_request'
  | 'instance_not_found'
  | 'unauthorized'
  | 'quota_exceeded'
  | 'rate_limited'
  | 'provider_unavailable'
  | 'conflict'
  | 'unreadable_response'
  | 'terminate_not_echoed';

/**
 * What a failed launch or terminate may have done.
 * - `refused`: proven that it changed nothing. It may be sent again.
 * - `unknown`: it may have happened. Look before sending it again, or a second machine is billed.
 *
 * A read changes nothing either way; its errors carry the same word by the same rules, and it can be ignored.
 */
export type RequestOutcome = 'refused' | 'unknown';

/** What is known about a failure besides its type. */
export interface LambdaErrorDetails {
  /** Method and path below /api/v1: `POST /instance-operations/launch`. */
  readonly endpoint: string;
  readonly outcome: RequestOutcome;
  /** Lambda's own code, `area/name`. Left out when the answer did not carry Lambda's error envelope. */
  readonly code?: string | undefined;
  /** HTTP status. Left out when no answer came. */
  readonly status?: number | undefined;
  readonly requestId?: string | undefined;
  /** What the answer's Retry-After asks for, in milliseconds from its arrival. */
  readonly retryAfterMs?: number | undefined;
  /** Lambda's advice for people. */
  readonly suggestion?: string | undefined;
  readonly cause?: unknown;
}

/** Any failure of a Lambda Cloud request. The message reads `lambda API error: <message> (code: <code>)`. */
export abstract class LambdaError extends Error {
  abstract readonly type: LambdaErrorType;
  readonly endpoint: string;
  readonly outcome: RequestOutcome;
  readonly code: string | undefined;
  readonly status: number | undefined;
  readonly requestId: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly suggestion: string | undefined;

  /**
   * @param text what happened, without prefix and code
   * @param shownCode the code in the message: Lambda's, or our own word where Lambda gave none
   */
  constructor(text: string, shownCode: string, details: LambdaErrorDetails) {
    super(
      `lambda API error: ${text} (code: ${shownCode})`,
      details.cause === undefined ? undefined : { cause: details.cause },
    );
    this.name = new.target.name;
    this.endpoint = details.endpoint;
    this.outcome = details.outcome;
    this.code = details.code;
    this.status = details.status;
    this.requestId = details.requestId;
    this.retryAfterMs = details.retryAfterMs;
    this.suggestion = details.suggestion;
  }
}

/** None of the asked-for type can be launched in that region now. Try another offering, or wait. */
export class LambdaCapacityError extends LambdaError {
  readonly type = 'capacity_unavailable';
}

/** One thing that is wrong with a request. `field` is a path in the request: `tags[0].key`. */
export interface InvalidField {
  readonly field: string;
  readonly problem: string;
}

/** The request itself is wrong; the same request will be refused again. `fields` is filled where we found it before sending. */
export class LambdaInvalidRequestError extends LambdaError {
  readonly type = 'invalid_request';
  readonly fields: readonly InvalidField[];

  constructor(text: string, shownCode: string, details: LambdaErrorDetails, fields: readonly InvalidField[] = []) {
    super(text, shownCode, details);
    this.fields = fields;
  }
}

/** Lambda knows no instance of that id now. Right after a launch, or once, this is no proof that there is none. */
export class LambdaNotFoundError extends LambdaError {
  readonly type = 'instance_not_found';
}

/** The key, or the account behind it, may not do this. A person has to act. */
export class LambdaUnauthorizedError extends LambdaError {
  readonly type = 'unauthorized';
}

/** The account's limit on instances is reached. End one, or ask Lambda for more. */
export class LambdaQuotaError extends LambdaError {
  readonly type = 'quota_exceeded';
}

/** Too many requests. Nothing was done; wait `retryAfterMs`, or ten seconds and more where it is undefined. */
export class LambdaRateLimitError extends LambdaError {
  readonly type = 'rate_limited';
}

/** Lambda, or the way to it, does not work now: no connection, no answer in time, a proxy's refusal, a 5xx. Try later. */
export class LambdaUnavailableError extends LambdaError {
  readonly type = 'provider_unavailable';
}

/** The state of the resource forbids this now. Read the state, then decide. */
export class LambdaConflictError extends LambdaError {
  readonly type = 'conflict';
}

/** An answer came that is not what Lambda documents. `field` is the path of what is missing or wrong in it. */
export class LambdaResponseError extends LambdaError {
  readonly type = 'unreadable_response';
  readonly field: string | undefined;

  constructor(text: string, shownCode: string, details: LambdaErrorDetails, field?: string) {
    super(text, shownCode, details);
    this.field = field;
  }
}

/** A terminate was answered with 200, but without our instance in the answer: do not believe it was applied. */
export class TerminateNotEchoedError extends LambdaError {
  readonly type = 'terminate_not_echoed';
}
