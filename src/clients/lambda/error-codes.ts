import type { LambdaErrorType, RequestOutcome } from './errors.ts';
import type { LambdaRequestKind } from './request-kind.ts';

/**
 * Lambda's error codes (its API description 1.10.0, and codes seen live) in our words. What is not listed is judged by status.
 */
const TYPE_OF_CODE: Readonly<Record<string, LambdaErrorType>> = {
  'instance-operations/launch/insufficient-capacity': 'capacity_unavailable',
  'instance-operations/launch/file-system-in-wrong-region': 'invalid_request',
  'instance-operations/launch/file-systems-not-supported': 'invalid_request',
  'global/invalid-parameters': 'invalid_request',
  'global/object-does-not-exist': 'invalid_request',
  // The path is unknown, not the object: a wrong base URL. It must not pass for the end of an instance.
  'global/not-found': 'invalid_request',
  'global/quota-exceeded': 'quota_exceeded',
  'global/invalid-api-key': 'unauthorized',
  'global/account-inactive': 'unauthorized',
  'global/forbidden': 'unauthorized',
  'global/invalid-address': 'unauthorized',
  'global/conflict': 'conflict',
  // Documented with status 409, so the status must not decide.
  'global/internal-error': 'provider_unavailable',
  'global/unknown': 'provider_unavailable',
};

/**
 * The codes with which Lambda refuses *before* it creates or changes anything. The list is closed: a code that is not here proves nothing,
 * because a launch taken for refused is launched again, and a second machine is billed.
 */
const REFUSES_BEFORE_CREATING: ReadonlySet<string> = new Set([
  'instance-operations/launch/insufficient-capacity',
  'instance-operations/launch/file-system-in-wrong-region',
  'global/invalid-parameters',
  'global/object-does-not-exist',
  'global/quota-exceeded',
  'global/invalid-api-key',
  'global/account-inactive',
  'global/forbidden',
  'global/invalid-address',
]);

const ABOUT_ONE_INSTANCE: ReadonlySet<LambdaRequestKind> = new Set([
  'getInstance',
  'terminateInstance',
  'updateInstance',
]);

/** What an answer with Lambda's error envelope means for the request that got it. */
export function typeOfCode(code: string, status: number, kind: LambdaRequestKind): LambdaErrorType {
  if (status === 429) return 'rate_limited'; // The body of a 429 is not documented: the status decides.
  if (code === 'global/object-does-not-exist' && ABOUT_ONE_INSTANCE.has(kind)) {
    return 'instance_not_found';
  }
  if (code.startsWith('provider/')) return 'provider_unavailable';
  const known = Object.hasOwn(TYPE_OF_CODE, code) ? TYPE_OF_CODE[code] : undefined;
  if (known !== undefined) return known;
  if (status >= 500) return 'provider_unavailable';
  if (status === 401 || status === 403) return 'unauthorized';
  return status === 409 ? 'conflict' : 'invalid_request';
}

/** What an answer without the envelope means: mostly the word of something between Lambda and us. */
export function typeOfStatus(status: number): LambdaErrorType {
  if (status === 429) return 'rate_limited';
  if (status === 401) return 'unauthorized';
  // Cloudflare stands before the API and refuses with plain text. That says nothing about the key, and it passes.
  if (status === 403 || status === 408 || status >= 500) return 'provider_unavailable';
  return 'unreadable_response';
}

/** Whether a failed answer proves that nothing was done. A 5xx proves nothing, whatever code it carries. */
export function outcomeOfAnswer(status: number, code: string | undefined): RequestOutcome {
  if (status === 429) return 'refused';
  const clientError = status >= 400 && status < 500;
  return clientError && code !== undefined && REFUSES_BEFORE_CREATING.has(code) ? 'refused' : 'unknown';
}
