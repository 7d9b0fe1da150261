import type { z } from 'zod';
import { outcomeOfAnswer, typeOfCode, typeOfStatus } from './error-codes.ts';
import type { LambdaErrorDetails, LambdaErrorType } from './errors.ts';
import {
  LambdaCapacityError,
  LambdaConflictError,
  LambdaInvalidRequestError,
  LambdaNotFoundError,
  LambdaQuotaError,
  LambdaRateLimitError,
  LambdaResponseError,
  LambdaUnauthorizedError,
  LambdaUnavailableError,
  TerminateNotEchoedError,
} from './errors.ts';
import { fieldPath } from './field-path.ts';
import { redact } from './redact.ts';
import type { LambdaRequestKind } from './request-kind.ts';
import { errorAnswer } from './wire.ts';

/** An HTTP answer, whole, before anybody has judged it. */
export interface Answer {
  readonly status: number;
  readonly contentType: string | undefined;
  readonly location: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly serverTimeMs: number | undefined;
  readonly body: string;
}

/** The request that an answer belongs to, as far as judging it needs. */
export interface Asked {
  readonly kind: LambdaRequestKind;
  readonly endpoint: string;
  readonly apiKey: string;
}

const CLASS_OF_TYPE = {
  capacity_unavailable: LambdaCapacityError,
  invalid_request: LambdaInvalidRequestError,
  instance_not_found: LambdaNotFoundError,
  unauthorized: LambdaUnauthorizedError,
  quota_exceeded: LambdaQuotaError,
  rate_limited: LambdaRateLimitError,
  provider_unavailable: LambdaUnavailableError,
  conflict: LambdaConflictError,
  unreadable_response: LambdaResponseError,
  terminate_not_echoed: TerminateNotEchoedError,
} as const satisfies Record<LambdaErrorType, unknown>;

/** The value an answer brings. Throws the LambdaError that it means instead, or a LambdaResponseError if it cannot be read. */
export function readAnswer<T extends z.ZodType>(answer: Answer, asked: Asked, schema: T): z.output<T> {
  const json = parseJson(answer.body);
  if (answer.status < 200 || answer.status > 299) throw refusal(answer, asked, json);
  if (json === undefined) throw notJson(answer, asked);

  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = fieldPath(issue?.path ?? []);
  const problem = issue?.message.replace(/^Invalid input: /, '') ?? 'it has another form';
  throw new LambdaResponseError(
    `${asked.endpoint} answered ${answer.status}, but ${field === '' ? 'the body' : `field ${field}`} is not as documented: ${problem}`,
    'unreadable-response',
    detailsOf(answer, asked),
    field,
  );
}

function refusal(answer: Answer, asked: Asked, json: unknown): Error {
  if (answer.status >= 300 && answer.status < 400) return redirect(answer, asked);
  const envelope = errorAnswer.safeParse(json);
  if (!envelope.success) return notJson(answer, asked);
  const clean = (text: string | undefined) => (text === undefined ? undefined : redact(text, asked.apiKey, 1000));
  const { error } = envelope.data;
  const code = redact(error.code, asked.apiKey);
  return new CLASS_OF_TYPE[typeOfCode(code, answer.status, asked.kind)](
    clean(error.message) ?? `${asked.endpoint} answered ${answer.status} without a message`,
    code,
    {
      ...detailsOf(answer, asked, code),
      requestId: clean(error.request_id),
      suggestion: clean(error.suggestion),
    },
  );
}

/** Whatever its body says: following it, a launch would be sent as something else, to somewhere else. */
function redirect(answer: Answer, asked: Asked): Error {
  const place = answer.location === undefined ? '' : ` to ${redact(answer.location, asked.apiKey)}`;
  const text = `${asked.endpoint} answered ${answer.status}, a redirect${place}, which is never followed: check baseUrl`;
  return new LambdaResponseError(text, `http-${answer.status}`, detailsOf(answer, asked));
}

/** Cloudflare, a proxy or another server spoke: there is no envelope, so there is no code. */
function notJson(answer: Answer, asked: Asked): Error {
  const { body, status } = answer;
  const type = answer.contentType?.split(';')[0]?.trim() ?? 'no content type';
  const what = parseJson(body) === undefined ? 'not JSON' : "without Lambda's error envelope";
  const text =
    body.trim() === ''
      ? `${asked.endpoint} answered ${status} with an empty body`
      : `${asked.endpoint} answered ${status} with ${redact(type, asked.apiKey)}, ${what}: "${redact(body, asked.apiKey)}"`;
  return new CLASS_OF_TYPE[typeOfStatus(status)](text, `http-${status}`, detailsOf(answer, asked));
}

function detailsOf(answer: Answer, asked: Asked, code?: string): LambdaErrorDetails {
  return {
    endpoint: asked.endpoint,
    outcome: outcomeOfAnswer(answer.status, code),
    code,
    status: answer.status,
    retryAfterMs: answer.retryAfterMs,
  };
}

/** Undefined for what is not JSON: JSON itself has no such value. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
