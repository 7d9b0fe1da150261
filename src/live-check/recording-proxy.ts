import { randomUUID } from 'node:crypto';
import http, { type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';
import { apiRoot } from '../clients/lambda/base-url.ts';
import { outcomeOfAnswer } from '../clients/lambda/error-codes.ts';
import { codeOf, launchedId, LAUNCH_PATH, type Exchange } from './exchange.ts';

// Between the worker and Lambda, on loopback. The client stays as it is in production and does not know of it; what goes over the wire is
// passed on byte for byte, and remembered without the request's headers. What the proxy cannot do it does as a broken network would: the
// client then takes the outcome for unknown, which is the careful side.
//   1. One launch: once one may have made a machine, a further launch is not passed on. The product sends none; this does not rely on it.

export interface RecordingProxy {
  /** What LAMBDA_BASE_URL is set to. */
  readonly url: string;
  readonly port: number;
  /** Only a live-check that runs answers to it: see `isRunning`. */
  readonly nonce: string;
  /** In the order of their answers. */
  readonly exchanges: readonly Exchange[];
  /** Launches that were not passed on. */
  readonly launchesHeldBack: number;
  close(): Promise<void>;
}

const HOST = '127.0.0.1';
const SIGN_OF_LIFE = '/live-check/';
/** Those that are about one connection, not about the request. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'te',
  'upgrade',
  'host',
]);

/**
 * @param baseUrl where Lambda is, as LAMBDA_BASE_URL gives it
 * @param launches none: what was left of an earlier run is only to be ended
 * @param onLaunched told of the id that a launch was answered with, and awaited before the worker learns it; must not reject
 */
export async function startRecordingProxy(
  baseUrl: string,
  launches: 'one' | 'none',
  onLaunched: (instanceId: string) => Promise<void> = () => Promise.resolve(),
): Promise<RecordingProxy> {
  const upstream = new URL(apiRoot(baseUrl));
  const nonce = randomUUID();
  const exchanges: Exchange[] = [];
  const state = { launchMayHaveHappened: launches === 'none', launchesHeldBack: 0 };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = request.url ?? '/';
    if (url.startsWith(SIGN_OF_LIFE)) {
      response.writeHead(url === `${SIGN_OF_LIFE}${nonce}` ? 204 : 404).end();
      return;
    }
    const sent = await wholeOf(request);
    const path = url.startsWith(upstream.pathname) ? url.slice(upstream.pathname.length) : url;
    const isLaunch = path === LAUNCH_PATH;
    if (isLaunch && state.launchMayHaveHappened) {
      state.launchesHeldBack += 1;
      refuseSecondLaunch(response);
      return;
    }
    // From the moment it is sent; taken back only by an answer that proves the contrary.
    if (isLaunch) state.launchMayHaveHappened = true;
    const sentAt = Date.now();
    const got = await passOn(upstream, url, request, response, sent).catch(() => undefined);
    const exchange: Exchange = {
      method: request.method ?? 'GET',
      path,
      request: parsed(sent.toString('utf8')),
      sentAt,
      answeredAt: Date.now(),
      answer: got === undefined ? undefined : readAnswer(got),
    };
    exchanges.push(exchange);
    const { status } = exchange.answer ?? {};
    if (isLaunch && status !== undefined && outcomeOfAnswer(status, codeOf(exchange)) === 'refused') {
      state.launchMayHaveHappened = false;
    }
    const instanceId = launchedId(exchange);
    if (instanceId !== undefined) await onLaunched(instanceId);
    if (got === undefined) response.destroy();
    else response.writeHead(got.status, forwarded(got.headers)).end(got.body);
  };
  const server = http.createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, HOST, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${HOST}:${port}${upstream.pathname}`,
    port,
    nonce,
    exchanges,
    get launchesHeldBack() {
      return state.launchesHeldBack;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Whether the live-check that had this proxy still runs. */
export async function isRunning({ port, nonce }: Pick<RecordingProxy, 'port' | 'nonce'>): Promise<boolean> {
  return fetch(`http://${HOST}:${port}${SIGN_OF_LIFE}${nonce}`).then(
    ({ status }) => status === 204,
    () => false,
  );
}

interface Got {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** One request, on a connection of its own as the client's. Rejects when no complete answer came. */
function passOn(
  upstream: URL,
  url: string,
  request: IncomingMessage,
  response: ServerResponse,
  body: Buffer,
): Promise<Got> {
  return new Promise((resolve, reject) => {
    const send = upstream.protocol === 'https:' ? https.request : http.request;
    const onward = send(
      new URL(url, upstream.origin),
      { method: request.method, headers: forwarded(request.headers), agent: false },
      (incoming) => {
        wholeOf(incoming).then(
          (got) => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: got }),
          reject,
        );
      },
    );
    onward.on('error', reject);
    // A client that gives up closes its connection; so do we.
    response.on('close', () => {
      if (!response.writableFinished) onward.destroy(new Error('the client gave up'));
    });
    onward.end(body);
  });
}

async function wholeOf(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  if (!stream.complete) throw new Error('it ended before it was complete');
  return Buffer.concat(chunks);
}

function forwarded(headers: IncomingHttpHeaders): Record<string, string | string[]> {
  const kept = Object.entries(headers).filter(([name, value]) => value !== undefined && !HOP_BY_HOP.has(name));
  return Object.fromEntries(kept) as Record<string, string | string[]>;
}

function readAnswer({ status, headers, body }: Got): NonNullable<Exchange['answer']> {
  const text = decoded(body, headers['content-encoding']).toString('utf8');
  return {
    status,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
    text,
    json: parsed(text),
  };
}

function decoded(body: Buffer, encoding: string | undefined): Buffer {
  try {
    if (encoding === 'gzip') return gunzipSync(body);
    if (encoding === 'deflate') return inflateSync(body);
    if (encoding === 'br') return brotliDecompressSync(body);
  } catch {
    // The client will say so too; here it is only remembered.
  }
  return body;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** In Lambda's form, with a code that the client takes for "nothing was created". */
function refuseSecondLaunch(response: ServerResponse): void {
  const error = { code: 'global/invalid-parameters', message: 'live-check launches once: this one was not sent' };
  response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify({ error }));
}
