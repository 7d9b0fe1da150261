import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { inject } from 'vitest';
import { exitCodeOf } from '../../../src/cli/exit-codes.ts';
import { DEFAULT_LOOKS, type LookIntervals } from '../../../src/activities/dependencies.ts';
import { createWorld, type World } from '../../../src/demo/world.ts';
import { readRecording, type Recording } from '../../../src/live-check/fixtures.ts';
import { readOptions } from '../../../src/live-check/main.ts';
import { runLiveCheck, type Surroundings } from '../../../src/live-check/run.ts';
import type { SimulatorOptions } from '../../../src/simulator/index.ts';
import { installRuntime } from '../../../src/worker-runtime.ts';
import type { Subprocess } from '../../support/command-line.ts';

/** Simulated time runs so many times as fast. */
const FACTOR = 40;

const QUICK_LOOKS = Object.fromEntries(
  Object.entries(DEFAULT_LOOKS).map(([name, ms]) => [name, Math.max(Math.round(Number(ms) / FACTOR), 50)]),
) as unknown as LookIntervals;

const logger = installRuntime({ log: { level: 'error', format: 'json' }, metricsAddress: undefined });

const QUICKLY = fileURLToPath(new URL('./quickly.mjs', import.meta.url));

/** A simulated account, and folders of its own. No worker: live-check brings its own. */
export interface LiveCheckWorld {
  readonly world: World;
  readonly folder: string;
  /** The text of what it wrote; undefined: nothing. */
  recordingText(): Promise<string | undefined>;
  recording(): Promise<Recording | undefined>;
  /** A live-check within this process, on the project's Temporal server, with the Navarch of the simulator. */
  run(
    argv: readonly string[],
    extra?: Partial<Surroundings>,
  ): Promise<{ readonly code: number; readonly text: string }>;
  /** A live-check as a process, with a Temporal server and a Navarch of its own. */
  start(...argv: readonly string[]): Subprocess;
  close(): Promise<void>;
}

export async function liveCheckWorld(options: Omit<SimulatorOptions, 'logger'> = {}): Promise<LiveCheckWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'live-check-'));
  const fixtures = join(folder, 'fixtures');
  const temporalAddress = inject('temporalAddress');
  const world = await createWorld({ temporalAddress, logger, clockFactor: FACTOR, networkJitterMs: 250, ...options });
  const flags = ['--state', join(folder, 'state'), '--fixtures', fixtures, '--watch-list', '5s'];
  const recordingFile = async (): Promise<string | undefined> => {
    const [file] = await readdir(fixtures).catch(() => []);
    return file === undefined ? undefined : join(fixtures, file);
  };
  return {
    world,
    folder,
    async recordingText() {
      const file = await recordingFile();
      return file === undefined ? undefined : readFile(file, 'utf8');
    },
    async recording() {
      const file = await recordingFile();
      return file === undefined ? undefined : readRecording(file);
    },
    async run(argv, extra = {}) {
      let text = '';
      try {
        const code = await runLiveCheck(readOptions([...flags, '--temporal', 'configured', ...argv]), {
          environment: { ...world.environment, TEMPORAL_ADDRESS: temporalAddress },
          write: (shown) => void (text += shown),
          signal: new AbortController().signal,
          logger,
          looks: QUICK_LOOKS,
          workflowBundlePath: inject('workflowBundlePath'),
          ...extra,
        });
        return { code, text };
      } catch (error) {
        return { code: exitCodeOf(error), text: `${text}${error instanceof Error ? error.message : String(error)}\n` };
      }
    },
    start(...argv) {
      const own = { PATH: process.env['PATH'], HOME: process.env['HOME'], NAVARCH_CONTROL_PLANE_URL: '' };
      const env = { ...world.environment, ...own };
      const options = { reject: false, stdin: 'ignore', extendEnv: false, env } as const;
      const child = execa(process.execPath, [QUICKLY, ...flags, ...argv], options);
      return {
        stdout: child.stdout,
        stderr: child.stderr,
        ended: child.then(({ exitCode, stdout, stderr }) => ({ exitCode, stdout, stderr })),
        kill: (signal) => void child.kill(signal),
      };
    },
    async close() {
      await world.close();
      await rm(folder, { recursive: true });
    },
  };
}
