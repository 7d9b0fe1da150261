import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { FIGURES } from './figures/index.ts';
import { bundleWorkflows } from './harness/bundles.ts';
import { Closing } from './harness/closing.ts';
import type { BenchContext, Figure, Size } from './harness/figure.ts';
import { circumstances } from './harness/machine.ts';
import { isMissed, jsonOf, tableOf, type Outcome } from './harness/report.ts';

// npm run bench: measures the figures of docs/performance.md, prints them as one table and writes them as JSON.

interface Options {
  readonly only?: readonly Figure[];
  readonly list?: true;
  readonly quick?: true;
  readonly all?: true;
  readonly strict?: true;
  readonly json: string;
}

/** As a shell says that somebody pressed Ctrl-C. */
const INTERRUPTED = 130;

const interrupted = new AbortController();
process.on('SIGINT', () => interrupted.abort(new Error('interrupted')));
process.on('SIGTERM', () => interrupted.abort(new Error('interrupted')));

function readOptions(): Options {
  return new Command('npm run bench --')
    .description('Measures the figures of docs/performance.md; by default all but the slow ones.')
    .option('--only <figures>', 'these only, by name, separated by commas', figuresNamed)
    .option('--list', 'say what there is, and end')
    .addOption(new Option('--quick', 'small sizes: shows that the measuring works').conflicts('all'))
    .option('--all', 'also the slow ones, and each at its full size')
    .option('--strict', 'exit with 1 also when a target is missed')
    .option('--json <file>', 'where to write the figures', 'reports/bench.json')
    .parse()
    .opts<Options>();
}

function figuresNamed(text: string): readonly Figure[] {
  return text.split(',').map((name) => {
    const figure = FIGURES.find((candidate) => candidate.name === name.trim());
    if (figure !== undefined) return figure;
    throw new InvalidArgumentError(`There are: ${FIGURES.map((known) => known.name).join(', ')}.`);
  });
}

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function measure(figure: Figure, size: Size, bundles: BenchContext['bundles']): Promise<Outcome> {
  const { signal } = interrupted;
  const closing = new Closing();
  const startedAt = performance.now();
  const seconds = (): number => Math.round((performance.now() - startedAt) / 1_000);
  tell(`${figure.name}: ${figure.title}`);
  try {
    const context: BenchContext = {
      ...{ size, bundles, signal },
      tell: (line) => tell(`  ${line}`),
      atEnd: (close) => closing.add(close),
    };
    const rows = await Promise.race([figure.run(context), untilInterrupted(signal)]);
    return { figure, rows, seconds: seconds() };
  } catch (error) {
    tell(error instanceof Error ? (error.stack ?? error.message) : String(error));
    return { figure, rows: [], seconds: seconds(), error: error instanceof Error ? error.message : String(error) };
  } finally {
    await closing.close(tell);
  }
}

function untilInterrupted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

async function measureAll(figures: readonly Figure[], size: Size): Promise<readonly Outcome[]> {
  const closing = new Closing();
  try {
    tell('bundling the workflows …');
    const bundles = await bundleWorkflows((close) => closing.add(close));
    const outcomes: Outcome[] = [];
    for (const figure of figures) {
      if (interrupted.signal.aborted) break;
      outcomes.push(await measure(figure, size, bundles));
    }
    return outcomes;
  } finally {
    await closing.close(tell);
  }
}

/** The exit code: 0, also when a target is missed, unless that was asked for. */
async function main(): Promise<number> {
  const { only, list = false, quick = false, all = false, strict = false, json } = readOptions();
  if (list) {
    for (const { name, title, isSlow } of FIGURES)
      process.stdout.write(`${name.padEnd(18)} ${title}${isSlow ? ' (slow)' : ''}\n`);
    return 0;
  }
  const figures = only ?? FIGURES.filter(({ isSlow }) => all || !isSlow);
  const size: Size = quick ? 'quick' : all ? 'full' : 'normal';
  const outcomes = await measureAll(figures, size);
  const now = await circumstances(process.argv.slice(2));
  await mkdir(dirname(json), { recursive: true });
  await writeFile(json, jsonOf(now, size, outcomes));
  const { cores, cpu, memoryGib, node } = now.machine;
  process.stdout.write(`${tableOf(outcomes)}\n`);
  process.stdout.write(`${now.command}; ${cores} cores (${cpu}), ${memoryGib} GiB, Node ${node}; also in ${json}\n`);
  if (interrupted.signal.aborted) return INTERRUPTED;
  if (outcomes.some(({ error }) => error !== undefined)) return 1;
  return strict && outcomes.some(isMissed) ? 1 : 0;
}

// Temporal's native side keeps the process alive for a moment; what was to be done is done.
process.exit(await main());
