import { RequestError, TimeoutError } from 'got';
import { LambdaUnavailableError } from './errors.ts';
import type { RequestOutcome } from './errors.ts';
import { redactedError } from './redact.ts';

const NO_CONNECTION = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);
/** How Node and OpenSSL name a refused certificate or a failed handshake. */
const NO_TLS =
  /^(CERT_|CRL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|INVALID_CA|HOSTNAME_MISMATCH|ERR_TLS_|ERR_SSL_|EPROTO$)/;

/**
 * Whether an exchange that broke can have reached the server. Only a connection (or a TLS session) that never stood proves that the
 * request was not written; each request opens its own connection, so no earlier one can be meant. Timeouts and resets prove nothing,
 * in whatever phase we believe they happened.
 */
function outcomeOf(error: unknown): RequestOutcome {
  if (!(error instanceof RequestError) || error.timings === undefined) return 'unknown';
  const { connect, secureConnect, response } = error.timings;
  if (response !== undefined) return 'unknown';
  if (connect === undefined && NO_CONNECTION.has(error.code)) return 'refused';
  return connect !== undefined && secureConnect === undefined && NO_TLS.test(error.code) ? 'refused' : 'unknown';
}

/** What an exchange that brought no complete answer means for the caller, free of got's error object (it holds the headers we sent). */
export function connectionFailure(
  error: unknown,
  exchange: { readonly endpoint: string; readonly origin: string; readonly timeoutMs: number; readonly apiKey: string },
): LambdaUnavailableError {
  const { endpoint, origin } = exchange;
  const details = { endpoint, outcome: outcomeOf(error), cause: redactedError(error, exchange.apiKey) };
  if (error instanceof TimeoutError) {
    const text =
      error.event === 'request'
        ? `${endpoint} got no complete answer within ${exchange.timeoutMs} ms`
        : `${endpoint} found no connection to ${origin} in time (${error.event})`;
    return new LambdaUnavailableError(text, 'timeout', details);
  }
  const code = error instanceof RequestError ? error.code : 'no-answer';
  const text =
    details.outcome === 'refused'
      ? `${endpoint} was not sent: there is no connection to ${origin}`
      : `${endpoint} lost its connection to ${origin} before the answer was complete`;
  return new LambdaUnavailableError(text, code, details);
}
