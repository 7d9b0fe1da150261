import http from 'node:http';
import https from 'node:https';
import process from 'node:process';
import { got } from 'got';
import type { z } from 'zod';
import { readAnswer } from './answer.ts';
import type { Answer } from './answer.ts';
import { readApiKey } from './api-key.ts';
import { connectionFailure } from './connection-failure.ts';
import { LambdaError, LambdaUnavailableError } from './errors.ts';
import type { LambdaClientOptions, LambdaExchange, RequestOptions } from './options.ts';
import { present } from './present.ts';
import { redactedError } from './redact.ts';
import { mutates } from './request-kind.ts';
import type { LambdaRequestKind } from './request-kind.ts';
import { retryAfterMs } from './retry-after.ts';

/** A request to send once. */
export interface Call<T extends z.ZodType> {
  readonly kind: LambdaRequestKind;
  readonly method: 'GET' | 'POST';
  /** Below /api/v1, already encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Readonly<Record<string, unknown>>;
  readonly answer: T;
  readonly timeoutMs: number;
}

export interface TransportOptions extends Pick<LambdaClientOptions, 'apiKey' | 'beforeRequest' | 'afterResponse'> {
  /** With /api/v1, without trailing slash. */
  readonly apiRoot: string;
  readonly userAgent: string;
}

/** For each of: finding the address, connecting, agreeing on TLS. A way that is that slow is broken. */
const CONNECT_TIMEOUT_MS = 10_000;

/**
 * Sends requests, each exactly once:
 * 1. got never repeats one: whether that is safe is known to the caller only.
 * 2. got never follows a redirect: a POST would become a GET.
 * 3. Each request has a connection of its own. On a kept one that the server has just closed, a launch would end in a reset, and its
 *    outcome would be unknown for no reason. At one request a second, a handshake costs nothing.
 */
export class Transport {
  readonly #options: TransportOptions;
  readonly #got;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#got = got.extend({
      retry: { limit: 0 },
      followRedirect: false,
      throwHttpErrors: false,
      responseType: 'text',
      agent: { http: new http.Agent({ keepAlive: false }), https: new https.Agent({ keepAlive: false }) },
      headers: { 'user-agent': options.userAgent, accept: 'application/json' },
    });
  }

  /** Sends a request and reads its answer. Rejects with a LambdaError, or with the signal's reason (see RequestOptions). */
  async send<T extends z.ZodType>(call: Call<T>, { signal, onExchange }: RequestOptions = {}): Promise<z.output<T>> {
    const { kind } = call;
    const endpoint = `${call.method} ${call.path}`;
    signal?.throwIfAborted();
    const apiKey = await readApiKey(this.#options.apiKey, endpoint);
    // The last thing before the request: what decides here whether it may still be sent decides with nothing slow after it.
    await this.#options.beforeRequest?.(kind, signal);
    signal?.throwIfAborted();

    const startedAt = performance.now();
    let answer: Answer | undefined;
    const finished = (error?: unknown): LambdaExchange =>
      present({
        kind,
        status: answer?.status,
        durationMs: performance.now() - startedAt,
        errorType: error === undefined ? undefined : error instanceof LambdaError ? error.type : ('aborted' as const),
        retryAfterMs: answer?.retryAfterMs,
        serverTimeMs: answer?.serverTimeMs,
      });
    try {
      answer = await this.#exchange(call, { endpoint, apiKey }, signal);
      const value = readAnswer(answer, { kind, endpoint, apiKey }, call.answer);
      this.#tell(finished(), onExchange);
      return value;
    } catch (error) {
      this.#tell(finished(error), onExchange);
      throw error;
    }
  }

  async #exchange(
    call: Call<z.ZodType>,
    { endpoint, apiKey }: { readonly endpoint: string; readonly apiKey: string },
    signal: AbortSignal | undefined,
  ): Promise<Answer> {
    const { apiRoot } = this.#options;
    const { timeoutMs } = call;
    try {
      const response = await this.#got(`${apiRoot}${call.path}`, {
        method: call.method,
        headers: { authorization: `Bearer ${apiKey}` },
        timeout: {
          lookup: CONNECT_TIMEOUT_MS,
          connect: CONNECT_TIMEOUT_MS,
          secureConnect: CONNECT_TIMEOUT_MS,
          request: timeoutMs,
        },
        ...(call.query === undefined ? {} : { searchParams: call.query }),
        ...(call.body === undefined ? {} : { json: call.body }),
        ...(signal === undefined ? {} : { signal }),
      });
      return {
        status: response.statusCode,
        contentType: response.headers['content-type'],
        location: response.headers.location,
        retryAfterMs: retryAfterMs(response.headers['retry-after'], Date.now()),
        serverTimeMs: timeOf(response.headers.date),
        body: response.body,
      };
    } catch (error) {
      if (signal?.aborted !== true) {
        throw connectionFailure(error, { endpoint, origin: new URL(apiRoot).origin, timeoutMs, apiKey });
      }
      if (!mutates(call.kind)) throw signal.reason;
      throw new LambdaUnavailableError(`${endpoint} was abandoned on its way`, 'aborted', {
        endpoint,
        outcome: 'unknown',
        cause: redactedError(signal.reason, apiKey),
      });
    }
  }

  /** A watcher that fails must not turn a launch that happened into one that failed. */
  #tell(exchange: LambdaExchange, onExchange: RequestOptions['onExchange']): void {
    for (const watcher of [this.#options.afterResponse, onExchange]) {
      try {
        watcher?.(exchange);
      } catch (error) {
        process.emitWarning(error instanceof Error ? error : String(error));
      }
    }
  }
}

/** Undefined where there is no header, or nothing that is a date. */
function timeOf(date: string | undefined): number | undefined {
  const time = Date.parse(date ?? '');
  return Number.isNaN(time) ? undefined : time;
}
