import type { RateLimitBody } from '../rate-limits.ts';
import type { RequestFault } from '../faults/request-faults.ts';
import { failure, type Answer } from './answer.ts';

/** What goes over the wire: an HTTP response, a reset connection, or nothing, for ever. */
export type Reply =
  | {
      readonly kind: 'response';
      readonly status: number;
      readonly contentType: string;
      readonly body: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'reset' }
  | { readonly kind: 'never' };

export function jsonReply({ status, payload }: Answer): Reply {
  return { kind: 'response', status, contentType: 'application/json', body: JSON.stringify(payload) };
}

/** The same reply, with a request id in its error envelope if it has one. */
export function withRequestId(reply: Reply, requestId: string): Reply {
  if (reply.kind !== 'response' || reply.status < 400 || reply.contentType !== 'application/json') return reply;
  const { error } = JSON.parse(reply.body) as { error: Record<string, unknown> };
  return { ...reply, body: JSON.stringify({ error: { ...error, request_id: requestId } }) };
}

/** The proxy in front says no to what does not look like a client (§8.12). */
export function forbiddenByProxy(): Reply {
  return { kind: 'response', status: 403, contentType: 'text/plain; charset=UTF-8', body: 'error code: 1010' };
}

export function tooManyRequests(body: RateLimitBody, retryAfterSeconds: number | undefined): Reply {
  const bodies = {
    json: { contentType: 'application/json', body: JSON.stringify(RATE_LIMITED.payload) },
    cloudflare: { contentType: 'text/plain; charset=UTF-8', body: 'error code: 1015' },
    empty: { contentType: 'text/plain', body: '' },
  };
  return {
    kind: 'response',
    status: 429,
    ...bodies[body],
    ...(retryAfterSeconds === undefined ? {} : { headers: { 'retry-after': String(retryAfterSeconds) } }),
  };
}

const RATE_LIMITED = failure('global/rate-limited', { status: 429, message: 'Too many requests.' });

/** The reply to a request that never got as far as having an effect; undefined for faults that come later. */
export function replyInstead(fault: RequestFault, url: string): Reply | undefined {
  switch (fault.kind) {
    case 'error':
      return errorReply(fault);
    case 'reset':
      return { kind: 'reset' };
    case 'no-answer':
      return { kind: 'never' };
    case 'rate-limited':
      return tooManyRequests(fault.body ?? 'json', fault.retryAfterSeconds);
    case 'redirect': {
      const headers = { location: new URL(url, fault.to).href };
      return { kind: 'response', status: 301, contentType: 'text/html', body: page(301), headers };
    }
    case 'lost-answer':
    case 'delay':
    case 'not-echoed':
      return undefined;
  }
}

/** What comes instead of the answer to a request that had its effect. */
export function lostAnswer({ as }: Extract<RequestFault, { kind: 'lost-answer' }>, answer: Answer): Reply {
  switch (as.answer) {
    case 'reset':
      return { kind: 'reset' };
    case 'never':
      return { kind: 'never' };
    case 'error':
      return errorReply(as);
    case 'empty':
      return { kind: 'response', status: 200, contentType: 'application/json', body: '' };
    case 'not-json':
      return { kind: 'response', status: 200, contentType: 'text/html', body: page(200) };
    case 'no-ids': {
      const { data } = answer.payload as { data?: Record<string, unknown> };
      const named = data === undefined ? undefined : WHO.find((list) => list in data);
      return jsonReply({ status: 200, payload: { data: named === undefined ? null : { [named]: [] } } });
    }
  }
}

/** Where an answer names the instances that something happened to. */
const WHO = ['instance_ids', 'terminated_instances', 'restarted_instances'];

function errorReply(error: {
  readonly status: number;
  readonly body?: 'json' | 'html' | 'text' | 'empty';
  readonly code?: string;
  readonly message?: string;
}): Reply {
  const { status } = error;
  switch (error.body ?? 'json') {
    case 'json': {
      const message = error.message === undefined ? {} : { message: error.message };
      return jsonReply(failure(error.code ?? 'global/internal-error', { status, ...message }));
    }
    case 'html':
      return { kind: 'response', status, contentType: 'text/html; charset=UTF-8', body: page(status) };
    case 'text':
      return { kind: 'response', status, contentType: 'text/plain; charset=UTF-8', body: `error code: ${status}` };
    case 'empty':
      return { kind: 'response', status, contentType: 'text/plain', body: '' };
  }
}

const page = (status: number): string =>
  `<!DOCTYPE html><html><head><title>${status}</title></head><body><h1>${status}</h1></body></html>`;
