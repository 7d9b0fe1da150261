import { realpathSync } from 'node:fs';
import { Writable } from 'node:stream';
import { createInterface } from 'node:readline/promises';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError, Option } from 'commander';
import { exitCodeOf, EXIT_CODE_MEANING, type ExitCode } from '../cli/exit-codes.ts';
import { explain } from '../cli/explain.ts';
import { parseDuration } from '../domain/durations.ts';
import { createLogger, type LogOptions } from '../observability/logger.ts';
import { installRuntime } from '../worker-runtime.ts';
import { listenForInterruption, outliveReaders } from './interruption.ts';
import { parseAmount } from './plan.ts';
import { runLiveCheck, type LiveCheckOptions, type Surroundings } from './run.ts';

// `npm run live-check`: this process's command line, streams and Ctrl-C.

const LOG: LogOptions = { level: 'error', format: 'pretty' };

/** Runs the command line to its exit code; errors are said on stderr. */
export async function main(
  argv: readonly string[],
  extra: Pick<Surroundings, 'looks'> | Record<string, never> = {},
): Promise<ExitCode> {
  outliveReaders([process.stdout, process.stderr]);
  const { signal, stop } = listenForInterruption(process, () => {
    process.stderr.write('\nLeft without proof. End what is left: npm run live-check -- --resume\n');
    process.exit(130);
  });
  // By way of the stream that outlives its reader: a log that writes to the terminal by itself fails with it.
  const log = new Writable({
    write(chunk, _encoding, done) {
      process.stderr.write(chunk as Buffer);
      done();
    },
  });
  try {
    return await runLiveCheck(readOptions(argv), {
      ...extra,
      environment: process.env,
      write: (text) => void process.stdout.write(text),
      signal,
      logger: installRuntime({ log: LOG, metricsAddress: undefined }, createLogger(LOG, log)),
      ...(process.stdin.isTTY ? { ask: (question: string) => askAtTerminal(question, signal) } : {}),
    });
  } catch (error) {
    const { sentence, advice } = explain(error) ?? {};
    if (sentence !== undefined) process.stderr.write(`${sentence}\n${advice === undefined ? '' : `${advice}\n`}`);
    return exitCodeOf(error);
  } finally {
    stop();
  }
}

/** @throws CommanderError, which commander has explained */
export function readOptions(argv: readonly string[]): LiveCheckOptions {
  const program = new Command('live-check')
    .description(
      'Launches the cheapest instance type of the configured Lambda account once, takes it to ready, ends it and proves it gone; writes what was seen as test fixtures.',
    )
    .option('--spend-up-to <USD>', 'what it may cost at most; without it nothing is launched', amount)
    .option('--yes', 'do not ask at the terminal', false)
    .option('--resume', 'only end what a killed live-check has left', false)
    .option('--type <name>', 'this instance type instead of the cheapest with room')
    .addOption(
      new Option('--temporal <where>', 'a dev server of its own, or the one of TEMPORAL_ADDRESS')
        .choices(['embedded', 'configured'])
        .default('embedded'),
    )
    .option('--state <folder>', 'what is kept until all is proven gone', '.cache/live-check')
    .option('--fixtures <folder>', 'where the recording goes', 'test/contract/live')
    .option('--watch-list <duration>', 'how long the list is watched for the ended instance', duration, 600_000)
    .addHelpText('after', exitCodes())
    .exitOverride();
  const { spendUpTo, state, fixtures, watchList, ...rest } = program.parse([...argv], { from: 'user' }).opts<{
    spendUpTo?: number;
    yes: boolean;
    resume: boolean;
    type?: string;
    temporal: 'embedded' | 'configured';
    state: string;
    fixtures: string;
    watchList: number;
  }>();
  return {
    ...rest,
    spendUpToCents: spendUpTo,
    stateFolder: state,
    fixturesFolder: fixtures,
    watchListMs: watchList,
  };
}

function amount(text: string): number {
  const cents = parseAmount(text);
  if (cents === undefined) throw new InvalidArgumentError('It must be US dollars above 0, such as 2 or 0.75.');
  return cents;
}

function duration(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new InvalidArgumentError('It must be a whole number and a unit: 30s, 10m.');
  return ms;
}

function exitCodes(): string {
  const rows = ([0, 1, 2, 3, 4, 7] as const).map((code) => `  ${String(code).padEnd(3)}  ${EXIT_CODE_MEANING[code]}`);
  return [
    '\nExit codes:',
    ...rows,
    '  8    a person should look: an assumption did not hold, it cost more than was said, or something may be left',
    '  130  interrupted; what was launched is ended and proven gone',
    '',
  ].join('\n');
}

async function askAtTerminal(question: string, signal: AbortSignal): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  // readline takes the terminal's Ctrl-C for itself.
  terminal.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  try {
    return await terminal.question(question, { signal });
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    terminal.close();
  }
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  // Temporal's native side keeps the process alive for a moment; what was to be done is done.
  process.exit(await main(process.argv.slice(2)));
}
