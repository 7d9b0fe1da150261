import { homedir } from 'node:os';
import { join } from 'node:path';

/** What the development tools read from the environment. The worker's own configuration is in src/config.ts. */
export interface ServerEnvironment {
  /** `TEMPORAL_CLI_PATH`: the `temporal` executable to use, and no other. */
  readonly temporalCliPath: string | undefined;
  /** `TEMPORAL_TEST_SERVER_PATH`: the time-skipping test server to use, and no other. */
  readonly temporalTestServerPath: string | undefined;
  /** `PATH`, on which `temporal`, `go`, `mvn` and `java` are looked for. */
  readonly path: string;
  /** Where servers that were downloaded or built are kept, for all clones: `NAVARCH_PROVISIONER_CACHE_DIR`, or `navarch-provisioner` in the user's cache folder. */
  readonly cacheDir: string;
  /** Where Temporal's SDKs ask for server executables. Not an environment variable; tests put a local server here. */
  readonly downloadUrl: string;
}

/** Reads the environment, once per call: the only place in this folder that does. An empty variable counts as not set. */
export function readServerEnvironment(env: NodeJS.ProcessEnv = process.env): ServerEnvironment {
  const read = (name: string) => env[name] || undefined;
  const userCache = read('XDG_CACHE_HOME') ?? join(homedir(), '.cache');
  return {
    temporalCliPath: read('TEMPORAL_CLI_PATH'),
    temporalTestServerPath: read('TEMPORAL_TEST_SERVER_PATH'),
    path: read('PATH') ?? '/usr/local/bin:/usr/bin:/bin',
    cacheDir: read('NAVARCH_PROVISIONER_CACHE_DIR') ?? join(userCache, 'navarch-provisioner'),
    downloadUrl: 'https://temporal.download',
  };
}
