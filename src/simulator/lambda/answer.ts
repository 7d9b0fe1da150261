/** What the API says, before anything on the way spoils it. */
export interface Answer {
  readonly status: number;
  readonly payload: unknown;
}

/** 200 with the payload in its envelope; `beside` stands next to `data` (the page token). */
export function success(data: unknown, beside: Readonly<Record<string, unknown>> = {}): Answer {
  return { status: 200, payload: { data, ...beside } };
}

/** A refusal in Lambda's error envelope. Status and message default to those documented for the code. */
export function failure(code: string, options: { readonly status?: number; readonly message?: string } = {}): Answer {
  const known = ERRORS[code];
  const error = {
    code,
    message: options.message ?? known?.message ?? 'An unknown error occurred.',
    ...(known?.suggestion === undefined ? {} : { suggestion: known.suggestion }),
  };
  return { status: options.status ?? known?.status ?? 500, payload: { error } };
}

interface KnownError {
  readonly status: number;
  readonly message: string;
  readonly suggestion?: string;
}

/** Codes and messages from Lambda's API description; where it gives no message, ours. */
const ERRORS: Readonly<Record<string, KnownError>> = {
  'global/invalid-api-key': { status: 401, message: 'API key was invalid, expired, or deleted.' },
  'global/account-inactive': { status: 403, message: 'Your account is inactive.' },
  'global/invalid-address': { status: 403, message: 'Your billing address is invalid.' },
  'global/forbidden': { status: 403, message: 'This key may not do that.' },
  'global/invalid-parameters': { status: 400, message: 'Invalid request data.' },
  'global/object-does-not-exist': { status: 404, message: 'Specified instance does not exist.' },
  'global/not-found': { status: 404, message: 'The requested resource was not found.' },
  'global/quota-exceeded': {
    status: 400,
    message: 'Quota exceeded.',
    suggestion: 'Contact Support to increase your quota.',
  },
  'global/duplicate': { status: 400, message: 'An object of this name exists already.' },
  'global/conflict': { status: 409, message: 'The request conflicts with the current state of the resource.' },
  'global/internal-error': { status: 500, message: 'An internal server error occurred.' },
  'global/unknown': { status: 500, message: 'An unknown error occurred.' },
  'instance-operations/launch/insufficient-capacity': {
    status: 400,
    message: 'Not enough capacity to fulfill launch request.',
    suggestion: 'Choose an instance type with more availability, or try again later.',
  },
  'instance-operations/launch/file-system-in-wrong-region': {
    status: 400,
    message: 'A filesystem is not in the region of the instance.',
  },
  'provider/internal-unavailable': { status: 503, message: 'Provider unavailable', suggestion: 'Try again shortly' },
};
