#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { runCli, type Registrar } from './cli/index.ts';
import { ConfigurationError } from './config.ts';
import { SCENARIO_NAMES, type ScenarioName } from './demo/scenario-names.ts';

// Wiring of the command line: our streams, Ctrl-C, and the commands that start something instead of asking Temporal. What those need is
// loaded only when they run.

/** npm and the terminal both deliver a Ctrl-C: two within this time are one. */
const SAME_PRESS_MS = 1_000;

const interrupted = new AbortController();

/** Commands that run to an exit code of their own. */
let ownExitCode: number | undefined;

const worker: Registrar = (program) => {
  program
    .command('worker')
    .description('run a worker with the configuration in the environment, until SIGTERM')
    .action(async () => {
      process.removeListener('SIGINT', onSignal).removeListener('SIGTERM', onSignal);
      const { runWorkerProcess } = await import('./worker.ts');
      ownExitCode = await runWorkerProcess();
    });
};

const simulator: Registrar = (program) => {
  program
    .command('simulator')
    .description('run a simulated Lambda Cloud, its machines and a Navarch control plane, until Ctrl-C')
    .option('--lambda-port <port>', 'port of the Lambda API (default: a free one)')
    .option('--navarch-port <port>', 'port of Navarch (default: a free one)')
    .option('--ssh-port <port>', "port of the machines' sshd (default: a free one)")
    .option('--seed <number>', 'the same seed and requests give the same simulation (default: random)')
    .option('--clock-factor <number>', 'simulated time runs so many times as fast (default: 1)')
    .option('--faults <file>', 'what goes wrong: a fault plan as JSON')
    .option('--ssh-public-key <file>', 'OpenSSH public key to register in the account')
    .option('--ssh-key-file <file>', 'private key whose public half to register; made where there is none')
    .option('--api-key <key>', 'API key of the account (default: one made from the seed)')
    .action(async (options: Record<string, string>) => {
      const { runSimulator } = await import('./simulator/index.ts');
      await runSimulator(options, { out: process.stdout, signal: interrupted.signal });
    });
};

const codecServer: Registrar = (program) => {
  program
    .command('codec-server')
    .description(
      'let the Temporal UI and the temporal command line read encrypted payloads, with the keys in NAVARCH_PAYLOAD_KEYS, until Ctrl-C',
    )
    .option(
      '--listen <host:port>',
      'where; elsewhere than on this machine only with NAVARCH_CODEC_SERVER_TOKEN (default: 127.0.0.1:8888)',
    )
    .option(
      '--ui-origin <origin>',
      'the Temporal UI whose pages are answered, as https://temporal.example.com (default: none)',
    )
    .action(async (options: { listen?: string; uiOrigin?: string }) => {
      const { isMisuse, runCodecServer } = await import('./payload-encryption/run-codec-server.ts');
      const { signal } = interrupted;
      try {
        await runCodecServer(options, { environment: process.env, out: process.stderr, signal });
      } catch (error) {
        throw isMisuse(error) ? new ConfigurationError(error.message) : error;
      }
    });
};

const demo: Registrar = (program) => {
  program
    .command('demo')
    .description('provision one node against a simulated cloud on a real Temporal server, then end it')
    .option('--keep', 'leave everything up once the node is ready, until Ctrl-C')
    .addOption(
      program
        .createOption('--scenario <name>', 'let something go wrong, and show what is done about it')
        .choices(SCENARIO_NAMES)
        .conflicts('keep'),
    )
    .option('--seed <number>', 'seed of the simulation (default: random)', wholeNumber)
    .option('--clock-factor <number>', 'simulated time runs so many times as fast (default: 20)', wholeNumber)
    .action(async (options: { keep?: boolean; scenario?: ScenarioName; seed?: number; clockFactor?: number }) => {
      const { runDemo } = await import('./demo/demo.ts');
      ownExitCode = await runDemo(options, { out: process.stdout, signal: interrupted.signal });
    });
};

function wholeNumber(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0) throw new RangeError(`${text} is not a whole number of 0 or more`);
  return number;
}

let pressedAt: number | undefined;

/** The first asks the command to end; a second, later one does not wait for it. */
function onSignal(signal: NodeJS.Signals): void {
  const now = performance.now();
  pressedAt ??= now;
  interrupted.abort(new Error(`interrupted by ${signal}`));
  if (now - pressedAt > SAME_PRESS_MS) process.exit(130);
}

process.on('SIGINT', onSignal).on('SIGTERM', onSignal);

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
const exitCode = await runCli(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  stdin: process.stdin as AsyncIterable<Uint8Array>,
  env: process.env,
  signal: interrupted.signal,
  version,
  commands: [worker, codecServer, simulator, demo],
});
// Temporal's native side keeps the process alive for a moment; what was to be done is done.
process.exit(ownExitCode ?? exitCode);
