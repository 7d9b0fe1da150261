import { readFile } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { z } from 'zod';
import { parseFaultPlan, type FaultPlan } from './faults/plan.ts';
import { startSimulator, type Simulator } from './simulator.ts';
import { publicKeyOfFile } from './ssh-key-file.ts';

/** The name under which a key given with --ssh-public-key is registered in the simulated account. */
export const SSH_KEY_NAME = 'navarch-provisioner';

/** The options of `navarch-provisioner simulator`, as a command line gives them: numbers may be text. */
export interface RunSimulatorOptions {
  /** --lambda-port, --navarch-port, --ssh-port. Default: free ones. */
  readonly lambdaPort?: string | number;
  readonly navarchPort?: string | number;
  readonly sshPort?: string | number;
  /** --seed. Default: random, and printed. */
  readonly seed?: string | number;
  /** --clock-factor: simulated time runs so many times as fast. Default 1. */
  readonly clockFactor?: string | number;
  /** --faults: path of a fault plan, a JSON list of rules. */
  readonly faults?: string;
  /** --ssh-public-key: path of an OpenSSH public key to register in the account. */
  readonly sshPublicKey?: string;
  /** --ssh-key-file: path of the private key whose public half is registered; made where there is none. Not with --ssh-public-key. */
  readonly sshKeyFile?: string;
  /** --api-key. Default: one made from the seed. */
  readonly apiKey?: string;
}

export interface RunSimulatorSurroundings {
  /** Where everything is printed. */
  readonly out: Writable;
  /** Ends the run, beside SIGINT and SIGTERM. */
  readonly signal?: AbortSignal;
}

const port = z.coerce.number().int().min(0).max(65_535).exactOptional();
const numbers = z.object({
  lambdaPort: port,
  navarchPort: port,
  sshPort: z.coerce.number().int().min(1).max(65_535).exactOptional(),
  seed: z.coerce
    .number()
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .exactOptional(),
  clockFactor: z.coerce.number().nonnegative().exactOptional(),
});

/**
 * Runs a simulator until SIGINT, SIGTERM or the signal: prints the variables that point a worker at it, and at the end one line on what
 * happened. Rejects with an error that names the option when one is bad.
 */
export async function runSimulator(
  options: RunSimulatorOptions,
  { out, signal }: RunSimulatorSurroundings,
): Promise<void> {
  const { faults, apiKey } = options;
  const publicKey = await sshPublicKeyOf(options);
  const simulator = await startSimulator({
    ...parseNumbers(options),
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(faults === undefined ? {} : { faults: await readFaultPlan(faults) }),
    ...(publicKey === undefined ? {} : { sshKeys: [{ name: SSH_KEY_NAME, publicKey }] }),
  });
  out.write(introduction(simulator, publicKey !== undefined));
  await untilAsked(signal);
  await simulator.close();
  out.write(`${simulator.describe()}\n`);
}

/** Lines that a shell can read (`set -a; . file`), and comments for people. */
function introduction(simulator: Simulator, hasKey: boolean): string {
  const lines = [
    `# Simulated Lambda Cloud and Navarch, seed ${simulator.seed}. Ctrl-C ends it. These point a worker at it:`,
    `LAMBDA_BASE_URL=${simulator.lambdaUrl}`,
    `LAMBDA_API_KEY=${simulator.apiKey}`,
    `NAVARCH_CONTROL_PLANE_URL=${simulator.navarchUrl}`,
    `NAVARCH_AGENT_DOWNLOAD_URL=${simulator.agentDownloadUrl}`,
    `NAVARCH_SSH_PORT=${simulator.sshPort}`,
    ...(hasKey ? [`# The SSH key is registered in the account as ${SSH_KEY_NAME}.`] : []),
  ];
  return `${lines.join('\n')}\n`;
}

function parseNumbers(options: RunSimulatorOptions): z.infer<typeof numbers> {
  const parsed = numbers.safeParse(options);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const flag = String(issue?.path[0]).replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new Error(`--${flag}: ${issue?.message ?? 'not valid'}`);
}

async function readFaultPlan(path: string): Promise<FaultPlan> {
  const text = await readOption('--faults', path);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new Error(`--faults: ${path} is not JSON`, { cause: error });
  }
  return parseFaultPlan(json);
}

async function sshPublicKeyOf({ sshPublicKey, sshKeyFile }: RunSimulatorOptions): Promise<string | undefined> {
  if (sshKeyFile !== undefined && sshPublicKey !== undefined)
    throw new Error('--ssh-key-file: not together with --ssh-public-key');
  if (sshKeyFile !== undefined) return publicKeyOfFile(sshKeyFile);
  return sshPublicKey === undefined ? undefined : readPublicKey(sshPublicKey);
}

async function readPublicKey(path: string): Promise<string> {
  const text = (await readOption('--ssh-public-key', path)).trim();
  if (!/^(ssh|ecdsa)-\S+ \S+/.test(text)) {
    throw new Error(`--ssh-public-key: ${path} is not an OpenSSH public key (one line, as in a .pub file)`);
  }
  return text;
}

async function readOption(flag: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new Error(`${flag}: ${path} cannot be read`, { cause: error });
  }
}

function untilAsked(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      process.off('SIGINT', stop).off('SIGTERM', stop);
      signal?.removeEventListener('abort', stop);
      resolve();
    };
    if (signal?.aborted === true) {
      resolve();
      return;
    }
    process.on('SIGINT', stop).on('SIGTERM', stop);
    signal?.addEventListener('abort', stop);
  });
}
