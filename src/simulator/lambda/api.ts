import { randomUUID } from 'node:crypto';
import { setTimeout as realDelay } from 'node:timers/promises';
import type { Account } from '../account.ts';
import type { Clock } from '../clock.ts';
import type { FaultEngine } from '../faults/engine.ts';
import type { RequestFault } from '../faults/request-faults.ts';
import type { RateLimits } from '../rate-limits.ts';
import type { Recorder, RequestDraft } from '../record.ts';
import { failure, success, type Answer } from './answer.ts';
import type { Call, Endpoint } from './call.ts';
import { admit, isTurnedAway } from './gate.ts';
import {
  forbiddenByProxy,
  jsonReply,
  lostAnswer,
  replyInstead,
  tooManyRequests,
  withRequestId,
  type Reply,
} from './reply.ts';
import type { WireOptions } from './wire.ts';

/** An HTTP request as it came in. */
export interface Arrival {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly params: Readonly<Record<string, string | undefined>>;
  readonly query: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

export interface LambdaApiParts {
  readonly accounts: readonly Account[];
  readonly clock: Clock;
  readonly limits: RateLimits | 'off';
  readonly faults: FaultEngine;
  readonly recorder: Recorder;
  readonly wire: WireOptions;
  /** Aborted when the simulator closes: planned delays end then. */
  readonly closing: AbortSignal;
}

/** The way of one request: proxy, key, limits, planned faults, endpoint, and what becomes of the answer. Writes the record. */
export class LambdaApi {
  readonly #parts: LambdaApiParts;

  constructor(parts: LambdaApiParts) {
    this.#parts = parts;
  }

  /** `endpoint` is undefined for a path that the API does not have. */
  async respond(arrival: Arrival, endpoint: Endpoint | undefined): Promise<Reply> {
    const record = this.#parts.recorder.request({
      method: arrival.method,
      path: arrival.url,
      operation: endpoint?.operation,
    });
    const plain = await this.#reply(arrival, endpoint, record).catch((error: unknown): Reply => {
      if (this.#parts.closing.aborted) return { kind: 'reset' };
      throw error;
    });
    const reply = this.#parts.wire.requestIds === true ? withRequestId(plain, randomUUID()) : plain;
    record.status = reply.kind === 'response' ? reply.status : undefined;
    return reply;
  }

  async #reply(arrival: Arrival, endpoint: Endpoint | undefined, record: RequestDraft): Promise<Reply> {
    const body = parseJson(arrival.body);
    noteBody(record, body);
    if (isTurnedAway(header(arrival, 'user-agent'))) return forbiddenByProxy();

    const admission = admit(header(arrival, 'authorization'), this.#parts.accounts);
    if (admission.kind === 'no-key') {
      return jsonReply(failure('global/invalid-api-key', { message: 'No API key was provided.' }));
    }
    if (admission.kind === 'wrong-key') return jsonReply(failure('global/invalid-api-key'));
    const { account } = admission;
    record.keyOk = true;
    record.account = account.name;

    const { limits } = this.#parts;
    if (!account.limiter.admit(endpoint?.operation === 'launch')) {
      record.rateLimited = 'by-limit';
      return limits === 'off'
        ? tooManyRequests('json', undefined)
        : tooManyRequests(limits.body ?? 'json', limits.retryAfterSeconds);
    }
    if (account.blocked !== undefined) return jsonReply(failure(`global/${account.blocked}`));
    if (endpoint === undefined) return jsonReply(failure('global/not-found'));

    const call: Call = { account, params: arrival.params, query: arrival.query, body, record };
    return this.#withFaults(arrival, endpoint, call);
  }

  async #withFaults(arrival: Arrival, endpoint: Endpoint, call: Call): Promise<Reply> {
    const faults = this.#parts.faults.onRequest(endpoint.operation, endpoint.instanceName?.(call));
    call.record.faults = faults.map(({ kind }) => kind);
    if (faults.some(({ kind }) => kind === 'rate-limited')) call.record.rateLimited = 'by-plan';

    const delay = faultIn(faults, 'delay');
    if (delay?.effect === 'late') await this.#pause(delay);
    const answer = faults.some((fault) => replyInstead(fault, arrival.url) !== undefined)
      ? undefined
      : await this.#answer(endpoint, call, arrival.body, faults);
    if (delay !== undefined && delay.effect !== 'late') await this.#pause(delay);

    for (const fault of faults) {
      const instead = replyInstead(fault, arrival.url);
      if (instead !== undefined) return instead;
    }
    const lost = faultIn(faults, 'lost-answer');
    if (answer === undefined) throw new Error('a request without a fault in its way has an answer');
    return lost === undefined ? jsonReply(answer) : lostAnswer(lost, answer);
  }

  async #answer(endpoint: Endpoint, call: Call, text: string, faults: readonly RequestFault[]): Promise<Answer> {
    if (text !== '' && call.body === undefined) {
      return failure('global/invalid-parameters', { message: 'The body is not JSON.' });
    }
    if (faults.some(({ kind }) => kind === 'not-echoed')) {
      if (endpoint.operation === 'terminate') return success({ terminated_instances: [] });
      if (endpoint.operation === 'restart') return success({ restarted_instances: [] });
    }
    return endpoint.handle(call);
  }

  /** Waits even when nobody waits for the answer any more: what is on its way arrives. */
  async #pause({ realMs, simulatedMs }: Extract<RequestFault, { kind: 'delay' }>): Promise<void> {
    const { clock, closing } = this.#parts;
    if (realMs !== undefined) await realDelay(realMs, undefined, { signal: closing });
    if (simulatedMs !== undefined) await clock.sleep(simulatedMs, closing);
  }
}

function faultIn<K extends RequestFault['kind']>(
  faults: readonly RequestFault[],
  kind: K,
): Extract<RequestFault, { kind: K }> | undefined {
  return faults.find((fault): fault is Extract<RequestFault, { kind: K }> => fault.kind === kind);
}

function header({ headers }: Arrival, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function parseJson(text: string): unknown {
  try {
    return text === '' ? undefined : (JSON.parse(text) as unknown);
  } catch {
    // Answered with 400 where a body is looked at; the record shows the request without one.
    return undefined;
  }
}

/** User data holds secrets by design (a host's private key): the record keeps its size only. */
function noteBody(record: RequestDraft, body: unknown): void {
  if (typeof body !== 'object' || body === null) {
    record.body = body;
    return;
  }
  const { user_data, ...rest } = body as { user_data?: unknown; name?: unknown; tags?: unknown };
  record.body = typeof user_data === 'string' ? { ...rest, user_data_bytes: Buffer.byteLength(user_data) } : rest;
  if (record.operation !== 'launch') return;
  record.launchName = typeof rest.name === 'string' ? rest.name : undefined;
  record.tags = Array.isArray(rest.tags) ? rest.tags.filter(isTag) : [];
}

function isTag(value: unknown): value is { key: string; value: string } {
  return typeof value === 'object' && value !== null && 'key' in value && 'value' in value;
}
