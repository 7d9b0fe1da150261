import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import type { LookIntervals } from '../activities/dependencies.ts';
import { DEFAULT_LOOKS } from '../activities/dependencies.ts';
import { DEFAULT_PACE } from '../activities/pacer.ts';
import { publicKeyOf } from '../clients/ssh/index.ts';
import { readConfig } from '../config.ts';
import type { Logger } from '../observability/logger.ts';
import { startSimulator, type Simulator, type SimulatorOptions } from '../simulator/index.ts';
import { startWorker, type RunningWorker, type WorkerSettings } from '../worker.ts';

/** Everything behind a provision but Temporal itself: a simulated cloud, and a worker that was given its environment. */
export interface World {
  readonly simulator: Simulator;
  /** As a real worker would be given it, by variable. */
  readonly environment: Readonly<Record<string, string>>;
  readonly account: string | undefined;
  startWorker(): Promise<RunningWorker>;
  close(): Promise<void>;
}

export interface WorldOptions extends Omit<SimulatorOptions, 'sshKeys'> {
  readonly temporalAddress: string;
  /** Default: `default`. */
  readonly namespace?: string;
  readonly logger: Logger;
  /** Part of the task queues' names: worlds in one Temporal namespace keep apart by it. Default: the account without a name. */
  readonly account?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** The worker's SSH key is written there, and read from there at each use. Default: it is in the environment. */
  readonly sshKeyFile?: string;
  /**
   * Two requests sent so far apart arrive a little closer or farther: a margin in real time, which a fast clock does not shrink.
   * Default 30; more where a busy machine must not break the rate limits.
   */
  readonly networkJitterMs?: number;
  readonly looks?: Partial<LookIntervals>;
  readonly censusEveryMs?: number;
  readonly workflowBundlePath?: string;
  readonly workerOptions?: WorkerSettings['workerOptions'];
}

const SSH_KEY_NAME = 'provisioner';

const NETWORK_JITTER_MS = 30;

/** Starts the simulated cloud; its worker is started when asked, and may be stopped and started again. */
export async function createWorld(options: WorldOptions): Promise<World> {
  const {
    temporalAddress,
    namespace = 'default',
    logger,
    account,
    environment: extra = {},
    sshKeyFile,
    networkJitterMs = NETWORK_JITTER_MS,
    looks,
    censusEveryMs,
    workflowBundlePath,
    workerOptions,
    ...simulated
  } = options;
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
  if (sshKeyFile !== undefined) await writeFile(sshKeyFile, pem, { mode: 0o600 });
  const factor = simulated.clockFactor ?? 1;
  const simulator = await startSimulator({
    ...simulated,
    sshKeys: [{ name: SSH_KEY_NAME, publicKey: publicKeyOf(pem).openSsh }],
  });
  const environment: Record<string, string> = {
    LAMBDA_API_KEY: simulator.apiKey,
    LAMBDA_BASE_URL: simulator.lambdaUrl,
    LAMBDA_SSH_KEY_NAME: SSH_KEY_NAME,
    // The simulated account's limits run as fast as its clock.
    LAMBDA_REQUEST_INTERVAL: `${scaled(DEFAULT_PACE.requestIntervalMs, factor) + networkJitterMs}ms`,
    LAMBDA_LAUNCH_INTERVAL: `${scaled(DEFAULT_PACE.launchIntervalMs, factor) + networkJitterMs}ms`,
    ...(account === undefined ? {} : { NAVARCH_ACCOUNT: account }),
    ...(sshKeyFile === undefined ? { NAVARCH_SSH_PRIVATE_KEY: pem } : { NAVARCH_SSH_PRIVATE_KEY_FILE: sshKeyFile }),
    NAVARCH_SSH_PORT: String(simulator.sshPort),
    NAVARCH_CONTROL_PLANE_URL: simulator.navarchUrl,
    NAVARCH_AGENT_DOWNLOAD_URL: simulator.agentDownloadUrl,
    NAVARCH_HTTP_ADDRESS: '127.0.0.1:0',
    ...extra,
  };
  const workers = new Set<RunningWorker>();
  return {
    simulator,
    environment,
    account,
    async startWorker() {
      const worker = await startWorker({
        config: readConfig(environment),
        temporal: { connection: { address: temporalAddress }, namespace },
        logger,
        looks: { ...scaledLooks(factor), ...looks },
        censusEveryMs,
        ...(workflowBundlePath === undefined ? {} : { workflowBundlePath }),
        ...(workerOptions === undefined ? {} : { workerOptions }),
      });
      workers.add(worker);
      return worker;
    },
    async close() {
      await Promise.allSettled([...workers].map((worker) => worker.stop()));
      await simulator.close();
    },
  };
}

function scaledLooks(factor: number): LookIntervals {
  const { capacityMs, nearMs, bootMs, endMs, keptMs, hostMs, gpuMs, graceMs, forgottenMs } = DEFAULT_LOOKS;
  return {
    capacityMs: scaled(capacityMs, factor),
    nearMs: scaled(nearMs, factor),
    bootMs: scaled(bootMs, factor),
    endMs: scaled(endMs, factor),
    keptMs: scaled(keptMs, factor),
    gpuMs: scaled(gpuMs, factor),
    graceMs: scaled(graceMs, factor),
    // Agents register in real time.
    forgottenMs: Math.max(scaled(forgottenMs, factor), 2_000),
    hostMs: Math.max(scaled(hostMs, factor), 50),
  };
}

function scaled(ms: number, factor: number): number {
  return Math.max(Math.round(ms / Math.max(factor, 1)), 1);
}
