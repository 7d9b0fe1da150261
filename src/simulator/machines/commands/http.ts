import http from 'node:http';
import { isIPv4 } from 'node:net';

/** Why a request brought nothing: curl's exit code and words for it. */
export class TransferError extends Error {
  override readonly name = 'TransferError';
  readonly exitCode: number;
  constructor(exitCode: number, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}

export interface HttpRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
  readonly followRedirects: boolean;
  readonly signal: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  readonly statusText: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly url: string;
  readonly body: AsyncIterable<Buffer>;
}

const MAX_REDIRECTS = 50;

/**
 * One HTTP request of a machine. A machine's network ends at 127.0.0.0/8, where the simulator's own servers are: every other address
 * is a name that does not resolve. That holds for each redirect too.
 */
export async function request(options: HttpRequest): Promise<HttpResponse> {
  let { url } = options;
  for (let redirects = 0; ; redirects += 1) {
    const response = await once({ ...options, url });
    const location = response.headers.location;
    if (!options.followRedirects || response.status < 300 || response.status > 399 || location === undefined) {
      return { ...response, url };
    }
    if (redirects >= MAX_REDIRECTS) throw new TransferError(47, `Maximum (${MAX_REDIRECTS}) redirects followed`);
    url = new URL(location, url).href;
  }
}

/** The URL as this network knows it; throws for what it does not reach. */
function reachable(text: string): URL {
  const url = URL.parse(/^\w+:\/\//.test(text) ? text : `http://${text}`);
  if (url === null) throw new TransferError(3, 'URL using bad/illegal format or missing URL');
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new TransferError(1, `Protocol "${url.protocol.replace(':', '')}" not supported`);
  }
  if (url.hostname === 'localhost') url.hostname = '127.0.0.1';
  if (!isIPv4(url.hostname)) throw new TransferError(6, `Could not resolve host: ${url.hostname}`);
  const port = url.port === '' ? (url.protocol === 'http:' ? '80' : '443') : url.port;
  if (!url.hostname.startsWith('127.')) {
    throw new TransferError(7, `Failed to connect to ${url.hostname} port ${port}: Network is unreachable`);
  }
  if (url.protocol === 'https:') throw new TransferError(35, 'TLS is not simulated: use http');
  return url;
}

function once(options: HttpRequest): Promise<HttpResponse> {
  const url = reachable(options.url);
  const { method, body, signal } = options;
  const headers = { ...options.headers, ...(body === undefined ? {} : { 'content-length': String(body.length) }) };
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException): void => {
      reject(signal.aborted ? (signal.reason as Error) : translate(error, url));
    };
    const sent = http.request(url, { method, headers, signal, agent: false }, (response) => {
      resolve({
        status: response.statusCode ?? 0,
        statusText: response.statusMessage ?? '',
        headers: response.headers,
        url: url.href,
        body: chunks(response, signal, url),
      });
    });
    sent.on('error', fail);
    sent.end(body);
  });
}

async function* chunks(response: http.IncomingMessage, signal: AbortSignal, url: URL): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of response) yield chunk as Buffer;
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof TransferError ? error : translate(error as NodeJS.ErrnoException, url, true);
  }
}

function translate(error: NodeJS.ErrnoException, url: URL, begun = false): TransferError {
  if (begun) return new TransferError(18, 'transfer closed with outstanding read data remaining');
  if (error.code === 'ECONNREFUSED') {
    return new TransferError(7, `Failed to connect to ${url.hostname} port ${url.port} after 0 ms: Connection refused`);
  }
  if (error.code === 'ECONNRESET' || error.code === 'EPIPE') {
    return new TransferError(52, 'Empty reply from server');
  }
  return new TransferError(56, `Recv failure: ${error.message}`);
}
