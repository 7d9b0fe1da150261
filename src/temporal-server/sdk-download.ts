import { chmod, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Maker, Making } from './cache.ts';
import type { OnProgress } from './check.ts';
import { runToEnd } from './run-to-end.ts';

/** Without the network a person should not wait for the next way of getting a server. */
const METADATA_TIMEOUT_MS = 5_000;
const DOWNLOAD_TIMEOUT_MS = 10 * 60_000;
const EXTRACT_TIMEOUT_MS = 60_000;

const metadataSchema = z.object({ archiveUrl: z.url(), fileToExtract: z.string().min(1) });

export interface SdkDownload {
  /** The origin, without a slash at its end. */
  readonly baseUrl: string;
  readonly artifact: 'cli' | 'temporal-test-server';
  /** A release such as `v1.8.2`, or `default`: what suits the SDK named in the request. */
  readonly version: string;
  /** The SDK's version, told to the server. */
  readonly sdkVersion: string;
  /** What the executable shall be called. */
  readonly file: string;
  readonly onProgress: OnProgress;
}

/** The way Temporal's own SDKs get their servers: ask for the archive's address, download it, take one file out of it. */
export function sdkDownload(options: SdkDownload): Maker {
  return { name: `download from ${options.baseUrl}`, make: (workDir) => download(options, workDir) };
}

async function download(options: SdkDownload, workDir: string): Promise<Making> {
  const query = new URLSearchParams({
    arch: process.arch === 'x64' ? 'amd64' : process.arch,
    platform: process.platform === 'win32' ? 'windows' : process.platform,
    format: 'tar.gz',
    'sdk-name': 'sdk-typescript',
    'sdk-version': options.sdkVersion,
  });
  try {
    const answer = await get(
      `${options.baseUrl}/${options.artifact}/${options.version}?${query.toString()}`,
      METADATA_TIMEOUT_MS,
    );
    const metadata = metadataSchema.parse(JSON.parse(answer.toString('utf8')));
    options.onProgress(`downloading ${options.artifact} ${options.version} from ${new URL(metadata.archiveUrl).host}`);
    const archive = join(workDir, 'archive.tar.gz');
    const unpacked = join(workDir, 'unpacked');
    await writeFile(archive, await get(metadata.archiveUrl, DOWNLOAD_TIMEOUT_MS));
    await mkdir(unpacked);
    const tar = await runToEnd('tar', ['-xzf', archive, '-C', unpacked, metadata.fileToExtract], {
      timeoutMs: EXTRACT_TIMEOUT_MS,
    });
    if (tar.kind === 'failed') return { kind: 'failed', reason: `tar ${tar.reason}` };
    await rename(join(unpacked, metadata.fileToExtract), join(workDir, options.file));
    await chmod(join(workDir, options.file), 0o755);
    await Promise.all([archive, unpacked].map((path) => rm(path, { recursive: true })));
    return { kind: 'made' };
  } catch (error) {
    return { kind: 'failed', reason: describe(error) };
  }
}

async function get(url: string, timeoutMs: number): Promise<Buffer> {
  const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
  if (!response.ok) throw new Error(`HTTP ${response.status} from ${new URL(url).host}`);
  return Buffer.from(await response.arrayBuffer());
}

/** fetch hides the reason ("getaddrinfo ENOTFOUND …") in its error's cause. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof z.ZodError) return `unexpected answer: ${z.prettifyError(error).replaceAll('\n', ' ')}`;
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
