import type { LambdaErrorType } from './errors.ts';
import type { LambdaRequestKind } from './request-kind.ts';

/** One finished HTTP exchange. */
export interface LambdaExchange {
  readonly kind: LambdaRequestKind;
  /** HTTP status; missing if no complete answer came. */
  readonly status?: number;
  /** From sending to the whole answer, without what `beforeRequest` waited. */
  readonly durationMs: number;
  /** Missing if it went well. `aborted` if the caller's signal ended a read. */
  readonly errorType?: LambdaErrorType | 'aborted';
  readonly retryAfterMs?: number;
  /** Lambda's own clock, from the answer's Date header: milliseconds since the epoch, in whole seconds. */
  readonly serverTimeMs?: number;
}

export interface LambdaClientOptions {
  /**
   * The API key, or a function that reads it. The function is asked before each request, so that a key can be exchanged without a
   * restart. Surrounding white space is dropped.
   */
  readonly apiKey: string | (() => string | Promise<string>);
  /** Where the API is, with or without /api/v1. Default https://cloud.lambda.ai. */
  readonly baseUrl?: string | undefined;
  /** For a whole exchange other than a launch. Default 30 000. */
  readonly timeoutMs?: number | undefined;
  /**
   * For a whole launch. Default 90 000: answers have been seen after seconds, and are said to take well over half a minute. Giving up
   * early does not stop a launch, it only makes its outcome unknown.
   */
  readonly launchTimeoutMs?: number | undefined;
  /** Default `navarch-provisioner/<version> (…)`. Lambda's proxy refuses some well-known library names. */
  readonly userAgent?: string | undefined;
  /**
   * Awaited once before every HTTP request: the place to pace them. Lambda allows an account one request a second and one launch in
   * twelve. What it throws goes to the caller as it is, and nothing is sent.
   */
  readonly beforeRequest?: ((kind: LambdaRequestKind, signal?: AbortSignal) => Promise<void>) | undefined;
  /** Told of every HTTP exchange that began. It only watches: what it throws becomes a process warning, never the request's result. */
  readonly afterResponse?: ((exchange: LambdaExchange) => void) | undefined;
}

/** For a single call. */
export interface RequestOptions {
  /**
   * Ends the wait. A read, and anything not yet sent, then rejects with the signal's reason; a launch or terminate on its way rejects
   * with a LambdaUnavailableError of outcome `unknown`.
   */
  readonly signal?: AbortSignal | undefined;
  /** Told of this call's HTTP exchanges, as `afterResponse` is of all. */
  readonly onExchange?: ((exchange: LambdaExchange) => void) | undefined;
}
