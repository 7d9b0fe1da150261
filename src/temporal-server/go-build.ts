import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import prettyMilliseconds from 'pretty-ms';
import type { Maker, Making } from './cache.ts';
import type { OnProgress } from './check.ts';
import { findOnPath } from './find-on-path.ts';
import { runToEnd } from './run-to-end.ts';
import { TOOLS_FOLDER } from './tools-folder.ts';

const BUILD_TIMEOUT_MS = 30 * 60_000;
const VERSION_TIMEOUT_MS = 20_000;
const PROGRESS_EVERY_MS = 15_000;

export interface GoBuild {
  /** Where `go` is looked for. */
  readonly path: string;
  /** The `go` directive of our go.mod: an older toolchain is not used, and none is downloaded. */
  readonly leastGo: string;
  /** What the executable shall be called. */
  readonly file: string;
  readonly onProgress: OnProgress;
}

/** Builds the Temporal CLI, server and UI inside, from tools/temporal-server/go.mod; its go.sum says what may go in. */
export function goBuild(options: GoBuild): Maker {
  return { name: 'go build', make: (workDir) => build(options, workDir) };
}

async function build(options: GoBuild, workDir: string): Promise<Making> {
  const go = await findOnPath('go', options.path);
  if (go === undefined) return { kind: 'failed', reason: `go is not on PATH (${options.leastGo} or newer is needed)` };
  const env = { PATH: options.path, GOTOOLCHAIN: 'local', GOWORK: 'off', CGO_ENABLED: '0' };
  const version = await runToEnd(go, ['version'], { env, cwd: workDir, timeoutMs: VERSION_TIMEOUT_MS });
  if (version.kind === 'failed') return { kind: 'failed', reason: `go version ${version.reason}` };
  const found = /go version go([\d.]+)/.exec(version.output)?.[1] ?? version.output;
  if (found.localeCompare(options.leastGo, 'en', { numeric: true }) < 0) {
    return { kind: 'failed', reason: `go is ${found}; ${options.leastGo} or newer is needed` };
  }

  const temporary = join(workDir, 'tmp'); // inside, so that it goes away with the rest if we are killed
  await mkdir(temporary);
  options.onProgress(`building the Temporal server with go ${found} (the first build takes about four minutes)`);
  const started = performance.now();
  const progress = setInterval(() => {
    const sofar = prettyMilliseconds(performance.now() - started, { secondsDecimalDigits: 0 });
    options.onProgress(`still building the Temporal server: ${sofar} of about four minutes`);
  }, PROGRESS_EVERY_MS);
  const result = await runToEnd(
    go,
    // prettier-ignore
    ['build', '-trimpath', '-buildvcs=false', '-ldflags', '-s -w', '-o', join(workDir, options.file), 'github.com/temporalio/cli/cmd/temporal'],
    { env: { ...env, GOTMPDIR: temporary }, cwd: TOOLS_FOLDER, timeoutMs: BUILD_TIMEOUT_MS },
  );
  clearInterval(progress);
  await rm(temporary, { recursive: true, force: true });
  return result.kind === 'ok' ? { kind: 'made' } : { kind: 'failed', reason: result.reason };
}
