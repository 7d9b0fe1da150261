import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { ServerEnvironment } from '../../../src/temporal-server/environment.ts';

/** What a CLI that is new enough says to --version. */
export const GOOD_VERSION = 'temporal version 1.8.2 (Server 1.31.2, UI 2.50.1)';

/** A folder of its own for one test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'navarch-temporal-server-')));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A shell script that can be run. */
export async function executable(file: string, script: string): Promise<string> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return file;
}

/** A `temporal` that only knows its version. */
export function fakeCli(file: string, version: string = GOOD_VERSION): Promise<string> {
  return executable(file, `echo '${version}'`);
}

/**
 * A `go` that "builds" such a `temporal`, after the commands in `before`. What it was asked to build is appended to `builds` beside it.
 */
export function fakeGo(file: string, options: { version?: string; before?: string } = {}): Promise<string> {
  const { version = '1.26.8', before = '' } = options;
  return executable(
    file,
    `if [ "$1" = version ]; then echo 'go version go${version} linux/amd64'; exit 0; fi
echo "$@" >> '${join(dirname(file), 'builds')}'
while [ "$1" != -o ]; do shift; done
out=$2
${before}
printf '%s\\n' '#!/bin/sh' "echo '${GOOD_VERSION}'" > "$out"
/bin/chmod 755 "$out"`,
  );
}

/** A machine on which nothing is found and nothing can be reached, but for what is given. */
export function bareMachine(folder: string, given: Partial<ServerEnvironment> = {}): ServerEnvironment {
  return {
    temporalCliPath: undefined,
    temporalTestServerPath: undefined,
    path: join(folder, 'bin'),
    cacheDir: join(folder, 'cache'),
    downloadUrl: 'http://127.0.0.1:1', // nothing ever listens there
    ...given,
  };
}
