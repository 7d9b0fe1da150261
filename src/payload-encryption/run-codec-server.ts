import { readFile } from 'node:fs/promises';
import { once } from 'node:events';
import { startCodecServer } from './codec-server.ts';
import { keysFromEnvironment } from './environment.ts';
import { PayloadKeysError } from './errors.ts';

/** The options of `navarch-provisioner codec-server`. */
export interface RunCodecServerOptions {
  readonly listen?: string;
  readonly uiOrigin?: string;
}

export interface CodecServerSurroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly out: { write(text: string): unknown };
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** What is wrong with how it was started; the message names the option or the variable. */
export class CodecServerUsageError extends Error {
  override readonly name = 'CodecServerUsageError';
}

/** Said without a stack: somebody has to set something else. */
export function isMisuse(error: unknown): error is Error {
  return error instanceof PayloadKeysError || error instanceof CodecServerUsageError;
}

const DEFAULT_ADDRESS = '127.0.0.1:8888';
const TOKEN = 'NAVARCH_CODEC_SERVER_TOKEN';
const LOOPBACK = /^(127\.\d+\.\d+\.\d+|localhost|\[?::1\]?)$/;

/** Runs until the signal. @throws PayloadKeysError, CodecServerUsageError */
export async function runCodecServer(
  { listen = DEFAULT_ADDRESS, uiOrigin }: RunCodecServerOptions,
  { environment, out, signal }: CodecServerSurroundings,
): Promise<void> {
  const { host, port } = addressOf(listen);
  const origin = uiOrigin === undefined ? undefined : originOf(uiOrigin);
  const token = tokenFrom(environment);
  if (token === undefined && !LOOPBACK.test(host)) {
    throw new CodecServerUsageError(
      `--listen ${listen}: whoever reaches it could read every payload; set ${TOKEN}_FILE, or listen on 127.0.0.1`,
    );
  }
  await token?.();
  const keys = keysFromEnvironment(environment, {
    onTrouble: ({ message }) => out.write(`${message}: the keys read last are used\n`),
  });
  if ((await keys.ring()).byId.size === 0) {
    throw new PayloadKeysError(
      'NAVARCH_PAYLOAD_KEYS_FILE is not set (nor NAVARCH_PAYLOAD_KEYS): there is nothing to decrypt with',
    );
  }
  const server = await startCodecServer({ keys, host: host.replace(/[[\]]/g, ''), port, uiOrigin: origin, token });
  const pages = origin === undefined ? 'no web page (--ui-origin)' : `the pages of ${origin}`;
  const shown = token === undefined ? 'without a token' : 'to whoever shows the token';
  out.write(
    `codec server at ${server.url}: it answers the temporal command line and ${pages}, ${shown}; Ctrl-C ends it\n`,
  );
  if (!signal.aborted) await once(signal, 'abort');
  await server.close();
}

function addressOf(listen: string): { readonly host: string; readonly port: number } {
  const [, host = '', port = ''] = /^([\w.-]+|\[[\da-fA-F:.]+\]):(\d{1,5})$/.exec(listen) ?? [];
  if (host === '' || Number(port) > 65_535)
    throw new CodecServerUsageError(`--listen must be host:port, but is ${listen}`);
  return { host, port: Number(port) };
}

function originOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.pathname === '/' && url.search === '')
    return url.origin;
  throw new CodecServerUsageError(`--ui-origin must be like https://temporal.example.com, but is ${text}`);
}

/** Read again at each request where it is a file (P8). */
function tokenFrom(environment: CodecServerSurroundings['environment']): (() => Promise<string>) | undefined {
  const token = environment[TOKEN]?.trim() ?? '';
  const path = environment[`${TOKEN}_FILE`]?.trim() ?? '';
  if (token !== '' && path !== '') throw new CodecServerUsageError(`${TOKEN} and ${TOKEN}_FILE are both set: keep one`);
  if (token !== '') return () => Promise.resolve(token);
  if (path === '') return undefined;
  return async () => {
    let text: string;
    try {
      text = (await readFile(path, 'utf8')).trim();
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
      throw new CodecServerUsageError(`${TOKEN}_FILE: the file cannot be read (${code})`);
    }
    if (text === '') throw new CodecServerUsageError(`${TOKEN}_FILE: the file is empty`);
    return text;
  };
}
