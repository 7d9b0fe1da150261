import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import getPort from 'get-port';
import type { Maker, Making } from './cache.ts';
import type { OnProgress } from './check.ts';
import { findOnPath } from './find-on-path.ts';
import { untilServing } from './readiness.ts';
import { runToEnd } from './run-to-end.ts';
import { writeTestServerWrapper } from './test-server-wrapper.ts';
import { spawnTied } from './tied-process.ts';
import { TOOLS_FOLDER } from './tools-folder.ts';

const COPY_TIMEOUT_MS = 10 * 60_000;
const START_TIMEOUT_MS = 30_000;
const HOST = '127.0.0.1';
const MAIN = 'io.temporal.testserver.TestServer';

// The SDK gives the server five seconds to start, on however busy a machine. The class archive (CDS) cuts a start from
// 0.7 s to 0.25 s. It is only accepted with the class path it was made with, so that is relative to the server's folder.
const FLAGS = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];
const ARCHIVE = 'classes.jsa';
const CLASS_PATH = 'lib/*';

export interface MavenCopy {
  /** Where `mvn` and `java` are looked for. */
  readonly path: string;
  /** What the executable shall be called. */
  readonly file: string;
  readonly onProgress: OnProgress;
}

/** Copies the jars that tools/temporal-server/pom.xml names, to be run by Java. */
export function mavenCopy(options: MavenCopy): Maker {
  return { name: 'Maven and Java', make: (workDir) => copy(options, workDir) };
}

async function copy(options: MavenCopy, workDir: string): Promise<Making> {
  const [mvn, java] = await Promise.all([findOnPath('mvn', options.path), findOnPath('java', options.path)]);
  if (java === undefined) return { kind: 'failed', reason: 'java is not on PATH (8 or newer is needed)' };
  if (mvn === undefined) return { kind: 'failed', reason: 'mvn is not on PATH' };
  options.onProgress('fetching the time-skipping test server with Maven');
  const lib = join(workDir, 'lib');
  const copied = await runToEnd(
    mvn,
    // prettier-ignore
    ['-q', '-B', '-C', '-f', join(TOOLS_FOLDER, 'pom.xml'), 'dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${lib}`],
    { cwd: workDir, timeoutMs: COPY_TIMEOUT_MS },
  );
  if (copied.kind === 'failed') return { kind: 'failed', reason: `mvn ${copied.reason}` };
  const archived = await archiveClasses(java, workDir);
  const useArchive = archived ? `-XX:SharedArchiveFile=${ARCHIVE} -Xlog:cds=off -Xlog:disable ` : '';
  await writeTestServerWrapper(
    join(workDir, options.file),
    `java ${FLAGS.join(' ')} ${useArchive}-cp '${CLASS_PATH}' ${MAIN}`,
  );
  return { kind: 'made' };
}

/** Runs the server once and keeps the classes it loaded. False where this Java cannot (it is 12 or older): then starts are slower. */
async function archiveClasses(java: string, workDir: string): Promise<boolean> {
  const port = await getPort({ host: HOST });
  const recording = join(workDir, `${ARCHIVE}.recording`);
  const server = spawnTied(
    java,
    [...FLAGS, `-XX:ArchiveClassesAtExit=${recording}`, '-cp', CLASS_PATH, MAIN, String(port)],
    {
      cwd: workDir,
    },
  );
  const problem = await untilServing(server, HOST, port, START_TIMEOUT_MS);
  await server.stop();
  if (problem !== undefined) return false;
  return rename(recording, join(workDir, ARCHIVE)).then(
    () => true,
    () => false,
  );
}
