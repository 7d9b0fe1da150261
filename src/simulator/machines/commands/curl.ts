import { FileError } from '../files/file-error.ts';
import type { OpenFile } from '../io/open-file.ts';
import { readChunks } from '../io/read-all.ts';
import { openPath } from '../processes/open-path.ts';
import type { Process } from '../processes/process.ts';
import type { Program } from '../processes/programs.ts';
import { baseName } from '../files/paths.ts';
import type { Arguments } from './arguments.ts';
import { parseArguments } from './arguments.ts';
import { escapes } from '../shell/escapes.ts';
import { request, TransferError } from './http.ts';
import type { HttpResponse } from './http.ts';
import { program, refuse } from './program-kit.ts';

const GRAMMAR = {
  flags: 'fsSLOIikvgNJ#4',
  valued: 'oHXdAwumcRCTxUPb',
  long: {
    fail: 'f',
    'fail-with-body': 'f',
    silent: 's',
    'show-error': 'S',
    location: 'L',
    'remote-name': 'O',
    head: 'I',
    include: 'i',
    insecure: 'k',
    verbose: 'v',
    'no-progress-meter': 's',
    'progress-bar': '#',
    'retry-connrefused': 'N',
    'retry-all-errors': 'N',
    compressed: 'N',
    globoff: 'g',
    ipv4: '4',
    'create-dirs': 'J',
    proto: 'P',
    'tlsv1.2': 'N',
    output: 'o',
    header: 'H',
    request: 'X',
    data: 'd',
    'data-binary': 'd',
    'data-raw': 'd',
    json: 'd',
    'user-agent': 'A',
    'write-out': 'w',
    user: 'u',
    'max-time': 'm',
    'connect-timeout': 'c',
    retry: 'R',
    'retry-delay': 'C',
    'retry-max-time': 'T',
    proxy: 'x',
    url: 'U',
    noproxy: 'P',
    cookie: 'b',
  },
} as const;

const DEFAULT_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 600_000;
/** Answers that curl's --retry takes for passing troubles, and its exit codes for the same. */
const PASSING_STATUSES: readonly number[] = [408, 429, 500, 502, 503, 504];
const PASSING_EXITS: readonly number[] = [28];
const REFUSED = 7;
const HTTP_ERROR = 22;
const TOO_LATE = 28;

/** `curl`, for plain HTTP within the simulator: see `http.ts` for what it reaches. */
export const curl: Program = async (process, args) => {
  const parsed = parseArguments(args, GRAMMAR);
  if (parsed.mistake !== undefined) return refuse(process, `option: ${parsed.mistake}`, 2);
  const urls = [...parsed.operands, ...parsed.values('U')];
  if (urls.length === 0) return refuse(process, 'no URL specified', 2);
  for (const url of urls) {
    const exitCode = await fetchWithRetries(process, parsed, args, url);
    if (exitCode !== 0) return exitCode;
  }
  return 0;
};

async function fetchWithRetries(
  process: Process,
  args: Arguments,
  raw: readonly string[],
  url: string,
): Promise<number> {
  const retries = Number(args.value('R') ?? '0');
  const retriesAll = raw.includes('--retry-all-errors');
  const retriesRefused = raw.includes('--retry-connrefused') || retriesAll;
  let wait = DEFAULT_RETRY_MS;
  for (let attempt = 0; ; attempt += 1) {
    const outcome = await fetchOnce(process, args, url);
    const passing =
      PASSING_STATUSES.includes(outcome.status) ||
      PASSING_EXITS.includes(outcome.exitCode) ||
      (outcome.exitCode === REFUSED && retriesRefused) ||
      (outcome.exitCode !== 0 && retriesAll);
    if (attempt >= retries || !passing) {
      if (outcome.exitCode !== 0 && (!args.has('s') || args.has('S'))) {
        await process.print(`curl: (${outcome.exitCode}) ${outcome.message}\n`, 2);
      }
      return outcome.exitCode;
    }
    const delay = args.value('C') === undefined ? wait : Number(args.value('C')) * 1000;
    await process.system.clock.sleep(delay, process.signal);
    wait = Math.min(wait * 2, LONGEST_RETRY_MS);
  }
}

interface Outcome {
  readonly exitCode: number;
  readonly status: number;
  readonly message: string;
}

async function fetchOnce(process: Process, args: Arguments, url: string): Promise<Outcome> {
  // The network is the host's own, so its limits are real seconds.
  const limit = args.value('m');
  const timeout = limit === undefined ? undefined : AbortSignal.timeout(Math.ceil(Number(limit) * 1000));
  const signal = timeout === undefined ? process.signal : AbortSignal.any([process.signal, timeout]);
  try {
    const response = await request({
      method: args.value('X') ?? (args.has('d') ? 'POST' : args.has('I') ? 'HEAD' : 'GET'),
      url,
      headers: await headersOf(process, args),
      body: await bodyOf(process, args),
      followRedirects: args.has('L'),
      signal,
    });
    const outcome = await deliver(process, args, url, response, signal);
    await writeOut(process, args, response);
    return outcome;
  } catch (error) {
    process.signal.throwIfAborted();
    if (timeout?.aborted === true)
      return failure(TOO_LATE, `Operation timed out after ${Number(limit) * 1000} milliseconds`);
    if (error instanceof TransferError) return failure(error.exitCode, error.message);
    if (error instanceof FileError)
      return failure(23, `Failure writing output to destination: ${error.path}: ${error.text}`);
    throw error;
  }
}

function failure(exitCode: number, message: string, status = 0): Outcome {
  return { exitCode, status, message };
}

async function headersOf(process: Process, args: Arguments): Promise<Record<string, string>> {
  const headers: Record<string, string> = { 'user-agent': args.value('A') ?? 'curl/7.81.0', accept: '*/*' };
  if (args.has('d')) headers['content-type'] = 'application/x-www-form-urlencoded';
  if (args.has('u')) headers['authorization'] = `Basic ${Buffer.from(args.value('u') ?? '').toString('base64')}`;
  for (const given of args.values('H')) {
    // `-H @file` keeps a secret off the command line.
    const lines = given.startsWith('@')
      ? (await contentOf(process, given.slice(1))).toString('utf8').split('\n')
      : [given];
    for (const line of lines) {
      const at = line.indexOf(':');
      if (at > 0) headers[line.slice(0, at).trim().toLowerCase()] = line.slice(at + 1).trim();
    }
  }
  return headers;
}

async function bodyOf(process: Process, args: Arguments): Promise<Buffer | undefined> {
  if (!args.has('d')) return undefined;
  const parts: Buffer[] = [];
  for (const text of args.values('d')) {
    parts.push(text.startsWith('@') ? await contentOf(process, text.slice(1)) : Buffer.from(text));
  }
  return Buffer.concat(parts.flatMap((part, index) => (index === 0 ? [part] : [Buffer.from('&'), part])));
}

async function contentOf(process: Process, path: string): Promise<Buffer> {
  const file = path === '-' ? process.file(0).retain() : openPath(process, path, { read: true });
  const content = Buffer.concat(await readChunks(file, process.signal));
  file.release();
  return content;
}

async function deliver(
  process: Process,
  args: Arguments,
  url: string,
  response: HttpResponse,
  signal: AbortSignal,
): Promise<Outcome> {
  if (args.has('f') && response.status >= 400) {
    return failure(HTTP_ERROR, `The requested URL returned error: ${response.status}`, response.status);
  }
  const path = args.value('o') ?? (args.has('O') ? baseName(new URL(url).pathname) : undefined);
  const target = path === undefined || path === '-' ? process.file(1).retain() : create(process, path);
  if (args.has('i') || args.has('I')) await writeHead(target, response, signal);
  for await (const chunk of response.body) await target.write(chunk, signal);
  target.release();
  return { exitCode: 0, status: response.status, message: '' };
}

function create(process: Process, path: string): OpenFile {
  return openPath(process, path, { write: true, create: true, truncate: true });
}

async function writeHead(target: OpenFile, response: HttpResponse, signal: AbortSignal): Promise<void> {
  const lines = Object.entries(response.headers).map(([name, value]) => `${name}: ${String(value)}`);
  const head = [`HTTP/1.1 ${response.status} ${response.statusText}`, ...lines, '', ''].join('\r\n');
  await target.write(Buffer.from(head), signal);
}

async function writeOut(process: Process, args: Arguments, response: HttpResponse): Promise<void> {
  const format = args.value('w');
  if (format === undefined) return;
  const values: Readonly<Record<string, string>> = {
    http_code: String(response.status).padStart(3, '0'),
    response_code: String(response.status).padStart(3, '0'),
    url_effective: response.url,
    content_type: response.headers['content-type'] ?? '',
  };
  await process.print(escapes(format.replace(/%\{(\w+)\}/g, (_, name: string) => values[name] ?? '')).text);
}

/** `wget [-q] [-O file] URL`. */
export const wget: Program = program(
  {
    flags: 'qcN',
    valued: 'OTtP',
    long: { quiet: 'q', 'output-document': 'O', timeout: 'T', tries: 't', 'directory-prefix': 'P', 'no-verbose': 'q' },
  },
  async (process, args) => {
    const [url] = args.operands;
    if (url === undefined) return refuse(process, 'missing URL');
    const output = args.value('O') ?? `${args.value('P') ?? '.'}/${baseName(url)}`;
    const quiet = args.has('q') ? ['-s'] : ['-sS'];
    const exitCode = await curl(process, ['-fL', ...quiet, '--retry', args.value('t') ?? '3', '-o', output, url]);
    // wget's own codes: 8 is an error answer, 4 the network, 3 the disk.
    if (exitCode === 0) return 0;
    return exitCode === HTTP_ERROR ? 8 : exitCode === 23 ? 3 : 4;
  },
);
