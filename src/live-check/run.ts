import { randomBytes } from 'node:crypto';
import type { LookIntervals } from '../activities/dependencies.ts';
import { DEFAULT_LOOKS } from '../activities/dependencies.ts';
import { Pacer } from '../activities/pacer.ts';
import { EXIT_CODE, exitCodeOf, type ExitCode } from '../cli/exit-codes.ts';
import { InterruptedError } from '../cli/interrupted.ts';
import { UsageError } from '../cli/usage-error.ts';
import { LAMBDA_BASE_URL, type SshKey } from '../clients/lambda/index.ts';
import { publicKeyOf } from '../clients/ssh/index.ts';
import { ConfigurationError, readConfig, type WorkerConfig } from '../config.ts';
import type { Logger } from '../observability/logger.ts';
import { MINUTE, SECOND } from '../domain/durations.ts';
import { pacedClient, patiently } from './last-look.ts';
import { endLeftover } from './leftover.ts';
import { bringUpAndEnd } from './one-launch.ts';
import { cheapest, dollars, worstCaseCents, type Choice } from './plan.ts';
import { isRunning, startRecordingProxy, type RecordingProxy } from './recording-proxy.ts';
import { announcement } from './report.ts';
import { given, workerEnvironment, type Environment } from './stage.ts';
import { RunState } from './state.ts';
import { takeStock } from './take-stock.ts';

export interface LiveCheckOptions {
  /** US cents. Nothing is launched without it. */
  readonly spendUpToCents?: number | undefined;
  /** Do not ask at the terminal. */
  readonly yes: boolean;
  /** Only end what an earlier run has left. */
  readonly resume: boolean;
  /** Instead of the cheapest. */
  readonly type?: string | undefined;
  readonly temporal: 'embedded' | 'configured';
  readonly stateFolder: string;
  readonly fixturesFolder: string;
  /** How long the list is watched for the ended instance. */
  readonly watchListMs: number;
}

export interface Surroundings {
  readonly environment: Environment;
  readonly write: (text: string) => void;
  /** Ctrl-C: what was launched is ended, and the proof is waited for. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** Asks the person at the terminal; undefined: there is none. */
  readonly ask?: ((question: string) => Promise<string>) | undefined;
  readonly looks?: LookIntervals;
  readonly workflowBundlePath?: string;
}

/** One run, as its parts need it. */
export interface Run extends Surroundings {
  readonly options: LiveCheckOptions;
  readonly state: RunState;
  readonly config: WorkerConfig;
  readonly baseUrl: string;
  readonly endLookMs: number;
  /** Of all our own requests to Lambda; the worker has its own. */
  readonly pacer: Pacer;
  readonly tell: (line: string) => void;
}

/**
 * The first real run: one launch at the real Lambda, to ready and to its proven end, watched and recorded. Resolves to the exit code.
 * @throws UsageError, ConfigurationError, InterruptedError before anything is launched; what the SDK throws when Temporal is lost
 */
export async function runLiveCheck(options: LiveCheckOptions, surroundings: Surroundings): Promise<ExitCode> {
  if (!options.resume && options.spendUpToCents === undefined) {
    throw new UsageError(
      'live-check launches a machine that costs money: say how much it may cost, with --spend-up-to USD',
    );
  }
  const { environment, write, looks = DEFAULT_LOOKS } = surroundings;
  const beginning = Date.now();
  const config = readConfig(
    workerEnvironment(environment, { account: 'live-check', lambdaUrl: LAMBDA_BASE_URL, mode: 'embedded' }),
  );
  const run: Run = {
    ...surroundings,
    options,
    state: new RunState(options.stateFolder),
    config,
    pacer: new Pacer(config.lambda),
    baseUrl: given(environment, 'LAMBDA_BASE_URL') ?? LAMBDA_BASE_URL,
    endLookMs: looks.endMs,
    tell: (line) => write(`${elapsed(Date.now() - beginning)}  ${line}\n`),
  };
  const left = await run.state.read();
  if (left !== undefined) {
    if (await isRunning(left.proxy)) throw new UsageError(`another live-check runs (${left.name}): wait for its end`);
    const code = await endLeftover(run, left);
    if (code !== EXIT_CODE.done || options.resume) return code;
  } else if (options.resume) {
    write('Nothing was left by an earlier live-check.\n');
    return EXIT_CODE.done;
  }
  const proxy = await startRecordingProxy(run.baseUrl, 'one', (instanceId) =>
    run.state.noteInstance(instanceId).catch((error: unknown) => {
      run.tell(`${run.state.file} could not be written: ${String(error)}. The instance is ${instanceId}`);
    }),
  );
  try {
    return await launchOnce(run, proxy);
  } finally {
    await proxy.close();
  }
}

async function launchOnce(run: Run, proxy: RecordingProxy): Promise<ExitCode> {
  const { config, environment, options, pacer, signal, state, write } = run;
  const lambda = pacedClient(proxy.url, config.lambda.apiKey, pacer);
  const publicKey = publicKeyOf(await config.ssh.privateKey())
    .openSsh.split(' ')
    .slice(0, 2)
    .join(' ');
  // Whoever asked Lambda a moment ago, this process knows nothing of it.
  const asked = <T>(ask: () => Promise<T>): Promise<T> =>
    patiently(ask, { forMs: 15 * SECOND, everyMs: 5 * SECOND }, signal);
  await requireKey(() => asked(() => lambda.listSshKeys()), config, publicKey);
  await asked(() => lambda.listImages());
  const others = (await asked(() => lambda.listInstances())).length;
  const choice = cheapest(await asked(() => lambda.listInstanceTypes()), options.type);
  if (choice === undefined) {
    write(`Lambda lists no room for ${options.type ?? 'any instance type'} now: nothing was launched. Try later.\n`);
    return EXIT_CODE.capacityUnavailable;
  }
  const navarchUrl = given(environment, 'NAVARCH_CONTROL_PLANE_URL');
  const registration = navarchUrl === undefined || choice.gpus === 0 ? 'direct' : 'agent';
  write(announcement(choice, { registration, navarchUrl, others }));
  await requireConsent(run, choice);
  if (signal.aborted) throw new InterruptedError('interrupted; nothing was launched');

  const name = `live-check-${randomBytes(4).toString('hex')}`;
  const { port, nonce } = proxy;
  await state.begin({
    name,
    account: name,
    temporal: options.temporal,
    instanceType: choice.instanceType,
    priceCentsPerHour: choice.priceCentsPerHour,
    saidCents: worstCaseCents(choice),
    startedAt: new Date().toISOString(),
    proxy: { port, nonce },
  });
  const outcome = await bringUpAndEnd(run, { name, choice, registration, lambdaUrl: proxy.url });
  const { isProven, isSurprising } = await takeStock(run, { name, choice, outcome, proxy, lambda, publicKey });
  if (!isProven) return EXIT_CODE.personNeeded;
  if (outcome.wasInterrupted) return EXIT_CODE.interrupted;
  if (outcome.trouble !== undefined) throw outcome.trouble;
  if (outcome.failure !== undefined) return exitCodeOf(outcome.failure);
  return isSurprising ? EXIT_CODE.personNeeded : EXIT_CODE.done;
}

/** Without it the machine could be launched, paid for, and never be reached. */
async function requireKey(
  list: () => Promise<readonly SshKey[]>,
  config: WorkerConfig,
  publicKey: string,
): Promise<void> {
  const { sshKeyName } = config.lambda;
  if (sshKeyName === undefined) throw new ConfigurationError('configuration: LAMBDA_SSH_KEY_NAME is not set');
  const key = (await list()).find(({ name }) => name === sshKeyName);
  if (key === undefined) {
    throw new ConfigurationError('configuration: LAMBDA_SSH_KEY_NAME: the account has no SSH key of that name');
  }
  if (key.publicKey.split(' ').slice(0, 2).join(' ') !== publicKey) {
    throw new ConfigurationError(
      'configuration: NAVARCH_SSH_PRIVATE_KEY is not the private half of the key that LAMBDA_SSH_KEY_NAME names',
    );
  }
}

const CONSENT = 'launch';

async function requireConsent({ options, ask, write }: Run, choice: Choice): Promise<void> {
  const said = worstCaseCents(choice);
  if (said > (options.spendUpToCents ?? 0)) {
    throw new UsageError(
      `$${dollars(options.spendUpToCents ?? 0)} is not enough: ${choice.instanceType} takes --spend-up-to ${dollars(said)} or more; nothing was launched`,
    );
  }
  if (options.yes) return;
  if (ask === undefined) throw new UsageError('there is no terminal to ask at: --yes launches without asking');
  if ((await ask(`Type "${CONSENT}" to launch it: `)).trim() !== CONSENT) {
    throw new UsageError('not confirmed; nothing was launched');
  }
  write('\n');
}

function elapsed(ms: number): string {
  const seconds = Math.floor((ms % MINUTE) / 1000);
  return `${String(Math.floor(ms / MINUTE)).padStart(3)}:${String(seconds).padStart(2, '0')}`;
}
