import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { SECRETS } from '../config.ts';
import { spawnTied, type TiedProcess } from '../temporal-server/tied-process.ts';
import type { Stage } from './stage.ts';

// The compiled command line, which is what the demo itself runs from.
const BIN = fileURLToPath(new URL('../bin.js', import.meta.url));

const READY_WITHIN_MS = 30_000;
const LOOK_MS = 100;

/** A worker that can be killed: a process of its own, as in production. It ends with the stage at the latest. */
export interface WorkerProcess {
  readonly pid: number;
  /** SIGKILL: it says no goodbye. Returns true when that is what ended it. */
  kill(): Promise<boolean>;
}

/** Returns when it says that it is ready. */
export async function startWorkerProcess(stage: Stage): Promise<WorkerProcess> {
  const home = await mkdtemp(join(tmpdir(), 'navarch-demo-'));
  stage.atEnd(() => rm(home, { recursive: true, force: true }));
  const environment = await withSecretsInFiles(home, {
    ...stage.world.environment,
    TEMPORAL_ADDRESS: stage.server.address,
    HOME: home,
  });
  const settings = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  // Nothing of the user's: neither our own environment nor what Temporal keeps in the home folder is to reach a demo.
  const worker = spawnTied('/usr/bin/env', ['-i', ...settings, process.execPath, BIN, 'worker']);
  stage.atEnd(() => worker.stop());
  await untilReady(worker);
  const { pid = 0 } = worker;
  return {
    pid,
    async kill() {
      if (worker.hasEnded()) return false;
      process.kill(pid, 'SIGKILL');
      await worker.stop(); // of the process itself nothing is left to stop; what watched it goes
      return (await worker.ended).code === null;
    },
  };
}

/** What a process was started with can be seen by everybody on this host. */
async function withSecretsInFiles(
  folder: string,
  environment: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, string>>> {
  const moved = await Promise.all(
    Object.entries(environment).map(async ([name, value]) => {
      if (!(SECRETS as readonly string[]).includes(name)) return [name, value] as const;
      const path = join(folder, name);
      await writeFile(path, value, { mode: 0o600 });
      return [`${name}_FILE`, path] as const;
    }),
  );
  return Object.fromEntries(moved);
}

async function untilReady(worker: TiedProcess): Promise<void> {
  const until = performance.now() + READY_WITHIN_MS;
  while (!(await isReady(worker))) {
    if (worker.hasEnded() || performance.now() > until) {
      throw new Error(`the worker process did not start; what it said:\n${worker.recentOutput()}`);
    }
    await sleep(LOOK_MS);
  }
}

/** Where it can be asked stands in its log: it takes a free port. */
async function isReady(worker: TiedProcess): Promise<boolean> {
  const url = /"health":"([^"]+)"/.exec(worker.recentOutput())?.[1];
  if (url === undefined) return false;
  return fetch(`${url}/readyz`).then(
    ({ ok }) => ok,
    () => false,
  );
}
