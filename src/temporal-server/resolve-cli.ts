import { join } from 'node:path';
import { fromCache } from './cache.ts';
import type { Check, OnProgress, Tried } from './check.ts';
import { readServerEnvironment } from './environment.ts';
import type { ServerEnvironment } from './environment.ts';
import { findOnPath, isExecutable } from './find-on-path.ts';
import { goBuild } from './go-build.ts';
import { runToEnd } from './run-to-end.ts';
import { sdkDownload } from './sdk-download.ts';
import { SDK_VERSION } from './sdk-version.ts';
import { readTool, shortHash } from './tools-folder.ts';
import { ServerUnavailableError, UnusableExecutableError } from './unavailable-error.ts';

/** The first server that obeys priorities without being told to (CLI 1.7.0). */
const LEAST_SERVER = '1.31';
const FILE = 'temporal';
const VERSION_TIMEOUT_MS = 20_000;
const REMEDY =
  'install the Temporal CLI 1.7 or newer and put it on PATH or name it in TEMPORAL_CLI_PATH; ' +
  'or let this machine reach temporal.download; or put Go on PATH and let it reach its module proxy.';

export interface ResolveOptions {
  readonly onProgress?: OnProgress;
  /** Default: as the environment says. */
  readonly cacheDir?: string;
  /** Default: the process's. */
  readonly environment?: ServerEnvironment;
}

/**
 * The path of a `temporal` executable whose dev server is new enough: `TEMPORAL_CLI_PATH`, `temporal` on PATH, the cache, the SDKs'
 * download, a build with Go. What is downloaded or built stays in the cache.
 * @throws UnusableExecutableError if `TEMPORAL_CLI_PATH` names nothing usable; ServerUnavailableError if nothing worked.
 */
export async function resolveTemporalCli(options: ResolveOptions = {}): Promise<string> {
  const environment = options.environment ?? readServerEnvironment();
  const onProgress = options.onProgress ?? (() => undefined);
  const { temporalCliPath: named, path } = environment;
  if (named !== undefined) {
    await requireNamed(named);
    return named;
  }

  const tried: Tried[] = [{ what: 'TEMPORAL_CLI_PATH', reason: 'not set' }];
  const onPath = await findOnPath(FILE, path);
  if (onPath === undefined) tried.push({ what: `${FILE} on PATH`, reason: 'not found' });
  else {
    const check = await checkCli(onPath);
    if (check.kind === 'good') return onPath;
    tried.push({ what: `${FILE} on PATH (${onPath})`, reason: check.reason });
    onProgress(`not using ${onPath}: it ${check.reason}`);
  }

  const { version, leastGo, hash } = await readGoModule();
  const found = await fromCache(
    {
      dir: join(options.cacheDir ?? environment.cacheDir, `temporal-${version}-${hash}`),
      file: FILE,
      check: checkCli,
      makers: [
        // prettier-ignore
        sdkDownload({ baseUrl: environment.downloadUrl, artifact: 'cli', version: `v${version}`, sdkVersion: SDK_VERSION, file: FILE, onProgress }),
        goBuild({ path, leastGo, file: FILE, onProgress }),
      ],
    },
    tried,
    onProgress,
  );
  if (found === undefined) throw new ServerUnavailableError('Temporal dev server', tried, REMEDY);
  return found;
}

/** An explicit wish is granted even if the server is old: whoever named it may be testing just that. */
async function requireNamed(path: string): Promise<void> {
  if (!(await isExecutable(path))) {
    throw new UnusableExecutableError('TEMPORAL_CLI_PATH', path, 'is not an executable file');
  }
  const ran = await runToEnd(path, ['--version'], { timeoutMs: VERSION_TIMEOUT_MS });
  if (ran.kind === 'failed') {
    throw new UnusableExecutableError('TEMPORAL_CLI_PATH', path, `does not run (--version ${ran.reason})`);
  }
}

/** `temporal --version` prints "temporal version 1.8.2 (Server 1.31.2, UI 2.50.1)". */
async function checkCli(path: string): Promise<Check> {
  const ran = await runToEnd(path, ['--version'], { timeoutMs: VERSION_TIMEOUT_MS });
  if (ran.kind === 'failed') return { kind: 'unfit', reason: `does not run (--version ${ran.reason})` };
  const server = /\(Server (\d+\.\d+)[^,)]*/.exec(ran.output)?.[1];
  if (server === undefined) return { kind: 'unfit', reason: 'is not the Temporal CLI (by what --version says)' };
  if (server.localeCompare(LEAST_SERVER, 'en', { numeric: true }) < 0) {
    return {
      kind: 'unfit',
      reason: `holds server ${server}, which ignores priorities (${LEAST_SERVER} or newer is needed)`,
    };
  }
  return { kind: 'good' };
}

async function readGoModule(): Promise<{ version: string; leastGo: string; hash: string }> {
  const [mod, sum] = await Promise.all([readTool('go.mod'), readTool('go.sum')]);
  const version = /github\.com\/temporalio\/cli v([\d.]+)/.exec(mod)?.[1];
  const leastGo = /^go ([\d.]+)$/m.exec(mod)?.[1];
  if (version === undefined || leastGo === undefined) {
    throw new Error('tools/temporal-server/go.mod: names no release of github.com/temporalio/cli, or no go version');
  }
  return { version, leastGo, hash: shortHash(sum) };
}
