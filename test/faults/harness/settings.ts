import { generateKeyPairSync, randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import getPort, { portNumbers } from 'get-port';
import { DEFAULT_LOOKS, type LookIntervals } from '../../../src/activities/dependencies.ts';
import { publicKeyOf } from '../../../src/clients/ssh/index.ts';
import { AGENT_DOWNLOAD_PATH } from '../../../src/simulator/agent-download.ts';
import { startSimulator, type FaultPlan, type Simulator, type SimulatorOptions } from '../../../src/simulator/index.ts';
import { FACTOR, scaled } from './scale.ts';

const API_KEY = 'the-account-of-these-tests';
const SSH_KEY_NAME = 'provisioner';

/** Where the simulated cloud of a slot is, run after run, and the worker's key. */
export interface Site {
  readonly account: string;
  readonly lambdaPort: number;
  readonly navarchPort: number;
  readonly sshPort: number;
  readonly privateKey: string;
}

export async function newSite(account: string): Promise<Site> {
  const { privateKey } = generateKeyPairSync('ed25519');
  return {
    account,
    lambdaPort: await lastingPort(),
    navarchPort: await lastingPort(),
    sshPort: await lastingPort(),
    privateKey: privateKey.export({ format: 'pem', type: 'pkcs8' }) as string,
  };
}

/** Below the range from which the system gives ports to outgoing connections: one of those would hold ours between two runs. */
const FIRST_PORT = 12_000;
const LAST_PORT = 32_000;

/**
 * A port that no other site gets, in this process or another, although nobody listens on it between two clouds: what reserves it is the UDP
 * port of the same number, held as long as this process lives.
 */
async function lastingPort(): Promise<number> {
  for (;;) {
    const from = randomInt(FIRST_PORT, LAST_PORT - 1_000);
    const port = await getPort({ host: '127.0.0.1', port: portNumbers(from, LAST_PORT) });
    if (await reserved(port)) return port;
  }
}

function reserved(port: number): Promise<boolean> {
  const socket = createSocket('udp4');
  return new Promise((resolve) => {
    socket.once('error', () => {
      socket.close();
      resolve(false);
    });
    socket.bind({ port, address: '127.0.0.1', exclusive: true }, () => {
      socket.unref();
      resolve(true);
    });
  });
}

/** A new cloud at the site: it boots machines faster than Lambda does, so that an undisturbed life takes a few seconds. */
export function startCloud(
  site: Site,
  seed: number,
  faults: FaultPlan,
  more: Partial<SimulatorOptions> = {},
): Promise<Simulator> {
  return startSimulator({
    seed,
    faults,
    clockFactor: FACTOR,
    limits: 'off',
    lambdaPort: site.lambdaPort,
    navarchPort: site.navarchPort,
    sshPort: site.sshPort,
    apiKey: API_KEY,
    sshKeys: [{ name: SSH_KEY_NAME, publicKey: publicKeyOf(site.privateKey).openSsh }],
    bootModel: {
      addressMs: [1_000, 3_000],
      singleGpuActiveMs: [10_000, 20_000],
      terminationMs: [8_000, 12_000],
    },
    heartbeatIntervalSeconds: 20,
    // An agent on a busy machine is late; that is not what these tests are about.
    heartbeatTimeoutMs: 20 * 60_000,
    ...more,
  });
}

/** What a worker of the site is given as its environment. */
export function environmentOf(site: Site): Readonly<Record<string, string>> {
  return {
    LAMBDA_API_KEY: API_KEY,
    LAMBDA_BASE_URL: `http://127.0.0.1:${site.lambdaPort}/api/v1`,
    LAMBDA_SSH_KEY_NAME: SSH_KEY_NAME,
    LAMBDA_TIMEOUT: `${scaled(30_000)}ms`,
    LAMBDA_REQUEST_INTERVAL: '1ms',
    LAMBDA_LAUNCH_INTERVAL: '1ms',
    NAVARCH_ACCOUNT: site.account,
    NAVARCH_SSH_PRIVATE_KEY: site.privateKey,
    NAVARCH_SSH_PORT: String(site.sshPort),
    NAVARCH_CONTROL_PLANE_URL: `http://127.0.0.1:${site.navarchPort}`,
    NAVARCH_AGENT_DOWNLOAD_URL: `http://127.0.0.1:${site.lambdaPort}${AGENT_DOWNLOAD_PATH}`,
    NAVARCH_HTTP_ADDRESS: '127.0.0.1:0',
    NAVARCH_MAX_CACHED_WORKFLOWS: '20',
  };
}

export function scaledLooks(): LookIntervals {
  const { capacityMs, nearMs, bootMs, endMs, keptMs, hostMs, gpuMs, graceMs, forgottenMs } = DEFAULT_LOOKS;
  return {
    capacityMs: scaled(capacityMs),
    nearMs: scaled(nearMs),
    bootMs: scaled(bootMs),
    endMs: scaled(endMs),
    keptMs: scaled(keptMs),
    gpuMs: scaled(gpuMs),
    graceMs: scaled(graceMs),
    // Agents register in real time.
    forgottenMs: Math.max(scaled(forgottenMs), 2_000),
    hostMs: Math.max(scaled(hostMs), 100),
  };
}
