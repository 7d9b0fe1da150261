import type { Command } from 'commander';
import { setUp, type Part, type SetupReport } from '../../setup/index.ts';
import { EXIT_CODE } from '../exit-codes.ts';
import { orInterrupted } from '../interrupted.ts';
import type { CliIo } from '../io.ts';
import { paintFor, type Paint } from '../paint.ts';
import { PersonNeededError } from '../person-needed.ts';
import { json, oneLine } from '../text.ts';
import { clientFor, type GlobalFlags } from '../with-provisioner.ts';

interface Flags {
  readonly dryRun?: boolean;
  /** commander's `--no-nexus`. */
  readonly nexus: boolean;
  readonly nexusEndpoint?: string;
}

export function registerSetup(program: Command, io: CliIo): void {
  program
    .command('setup')
    .description(
      'Make what the namespace needs: search attributes, the Schedule that sweeps for orphans, the Nexus endpoint. May be repeated.',
    )
    .option('--dry-run', 'change nothing, and say what would be done')
    .option('--nexus-endpoint <name>', 'name of the endpoint for callers in other namespaces (default: the task queue)')
    .option('--no-nexus', 'make no Nexus endpoint')
    .action(async ({ dryRun, nexus, nexusEndpoint }: Flags, command: Command) => {
      const { json: asJson } = command.optsWithGlobals<GlobalFlags>();
      const { client, account } = await clientFor(command, io);
      try {
        const setting = setUp(client, { account, dryRun, nexusEndpoint: nexus ? nexusEndpoint : false });
        const report = await orInterrupted(io.signal, setting);
        io.stdout.write(asJson === true ? json(report) : setupText(report, paintFor(io.stdout, io)));
        requireAllDone(report);
      } finally {
        await client.connection.close();
      }
    });
}

/** What was done, line by line; one line where nothing was. */
export function setupText({ namespace, dryRun, parts }: SetupReport, paint: Paint): string {
  const todo = parts.filter(({ outcome }) => outcome !== 'present');
  if (todo.length === 0) return `nothing to do: namespace ${namespace} has all that it needs\n`;
  return todo.map((part) => partText(part, dryRun, paint)).join('');
}

function partText({ part, outcome, why, todo = [] }: Part, dryRun: boolean, paint: Paint): string {
  if (outcome !== 'not_done') return `${paint.green(dryRun ? `would be ${outcome}` : outcome)}  ${part}\n`;
  const advice = todo.map((command) => `  ${command}\n`).join('');
  return `${paint.red('not done')}  ${part}: ${oneLine(why ?? '')}\n${advice}`;
}

/** @throws PersonNeededError, after the report */
function requireAllDone({ parts }: SetupReport): void {
  const left = parts.filter(({ outcome }) => outcome === 'not_done');
  if (left.length === 0) return;
  throw new PersonNeededError(
    [`${left.length === 1 ? 'one thing is' : `${left.length} things are`} not done`],
    'An administrator carries out what is shown above; then run this again.',
    EXIT_CODE.notPermitted,
  );
}
