import { join } from 'node:path';
import getPort from 'get-port';
import { fromCache } from './cache.ts';
import type { Maker } from './cache.ts';
import type { Check, Tried } from './check.ts';
import { readServerEnvironment } from './environment.ts';
import { isExecutable } from './find-on-path.ts';
import { mavenCopy } from './maven-copy.ts';
import { untilServing } from './readiness.ts';
import type { ResolveOptions } from './resolve-cli.ts';
import { sdkDownload } from './sdk-download.ts';
import type { SdkDownload } from './sdk-download.ts';
import { SDK_VERSION } from './sdk-version.ts';
import { writeTestServerWrapper } from './test-server-wrapper.ts';
import { spawnTied } from './tied-process.ts';
import { readTool, shortHash } from './tools-folder.ts';
import { ServerUnavailableError, UnusableExecutableError } from './unavailable-error.ts';

const FILE = 'temporal-test-server';
const NATIVE_FILE = 'temporal-test-server-native';
const HOST = '127.0.0.1';
const STARTS_WITHIN_MS = 20_000;
const REMEDY =
  'let this machine reach temporal.download; or install Java and Maven and let Maven reach its repository; ' +
  'or name a test server executable in TEMPORAL_TEST_SERVER_PATH.';

/**
 * The path of a time-skipping test server, for `TestWorkflowEnvironment.createTimeSkipping({ server: { executable: { type: 'existing-path',
 * path } } })`: `TEMPORAL_TEST_SERVER_PATH`, the cache, the SDKs' download, Maven and Java. It was seen to start. Search attributes must
 * be registered there before they are used, see `registerSearchAttributes`.
 * @throws UnusableExecutableError if `TEMPORAL_TEST_SERVER_PATH` names nothing usable; ServerUnavailableError if nothing worked.
 */
export async function resolveTestServer(options: ResolveOptions = {}): Promise<string> {
  const environment = options.environment ?? readServerEnvironment();
  const onProgress = options.onProgress ?? (() => undefined);
  const named = environment.temporalTestServerPath;
  if (named !== undefined) {
    const check: Check = (await isExecutable(named))
      ? await checkTestServer(named)
      : { kind: 'unfit', reason: 'is not an executable file' };
    if (check.kind === 'unfit') throw new UnusableExecutableError('TEMPORAL_TEST_SERVER_PATH', named, check.reason);
    return named;
  }

  const tried: Tried[] = [{ what: 'TEMPORAL_TEST_SERVER_PATH', reason: 'not set' }];
  const pom = await readTool('pom.xml');
  const version = /<artifactId>temporal-test-server<\/artifactId>\s*<version>([^<]+)</g.exec(pom)?.[1];
  if (version === undefined) throw new Error('tools/temporal-server/pom.xml: names no version of temporal-test-server');
  const found = await fromCache(
    {
      dir: join(options.cacheDir ?? environment.cacheDir, `temporal-test-server-${version}-${shortHash(pom)}`),
      file: FILE,
      check: checkTestServer,
      makers: [
        // prettier-ignore
        nativeDownload({ baseUrl: environment.downloadUrl, artifact: 'temporal-test-server', version: 'default', sdkVersion: SDK_VERSION, file: NATIVE_FILE, onProgress }),
        mavenCopy({ path: environment.path, file: FILE, onProgress }),
      ],
    },
    tried,
    onProgress,
  );
  if (found === undefined) throw new ServerUnavailableError('time-skipping Temporal test server', tried, REMEDY);
  return found;
}

function nativeDownload(options: SdkDownload): Maker {
  const download = sdkDownload(options);
  return {
    name: download.name,
    make: async (workDir) => {
      const making = await download.make(workDir);
      if (making.kind === 'made') await writeTestServerWrapper(join(workDir, FILE), `./${NATIVE_FILE}`);
      return making;
    },
  };
}

/** There is no --version: it is good if it starts and serves. */
async function checkTestServer(path: string): Promise<Check> {
  const port = await getPort({ host: HOST });
  const server = spawnTied(path, [String(port)]);
  const problem = await untilServing(server, HOST, port, STARTS_WITHIN_MS);
  await server.stop();
  if (problem === undefined) return { kind: 'good' };
  return { kind: 'unfit', reason: `does not start (${problem}): ${server.recentOutput().replaceAll('\n', ' | ')}` };
}
