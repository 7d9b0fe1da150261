import { Command } from 'commander';
import { registerAdopt } from './commands/adopt.ts';
import { registerCancel } from './commands/cancel.ts';
import { registerCompletion } from './commands/completion.ts';
import { registerConfig } from './commands/config.ts';
import { registerDoctor } from './commands/doctor.ts';
import { registerInstances } from './commands/instances.ts';
import { registerList } from './commands/list.ts';
import { registerProvision } from './commands/provision.ts';
import { registerQueue } from './commands/queue.ts';
import { registerRelease } from './commands/release.ts';
import { registerSetup } from './commands/setup.ts';
import { registerStatus } from './commands/status.ts';
import { registerSweep } from './commands/sweep.ts';
import { registerTerminate } from './commands/terminate.ts';
import { registerTypes } from './commands/types.ts';
import { exitCodeHelp } from './exit-codes.ts';
import type { CliIo, OutputStream } from './io.ts';

/** Adds a command to the program. */
export type Registrar = (program: Command, io: CliIo) => void;

export interface ProgramOptions extends CliIo {
  /** Shown by --version. Default: there is no such option. */
  readonly version?: string;
  /** Further commands: those that need more than Temporal (a worker, the simulator). They come after ours. */
  readonly commands?: readonly Registrar[];
}

const OURS: readonly Registrar[] = [
  registerProvision,
  registerStatus,
  registerList,
  registerCancel,
  registerTerminate,
  registerQueue,
  registerTypes,
  registerInstances,
  registerSweep,
  registerAdopt,
  registerRelease,
  registerSetup,
  registerDoctor,
  registerConfig,
];

/** The command line. It throws instead of ending the process: `runCli` makes an exit code of that. */
export function createProgram(options: ProgramOptions): Command {
  const { stdout, stderr } = options;
  const program = new Command('navarch-provisioner')
    .description('Durable GPU node provisioning for Lambda Cloud and Navarch.')
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => void stdout.write(text),
      writeErr: (text) => void stderr.write(text),
      getOutHelpWidth: () => widthOf(stdout),
      getErrHelpWidth: () => widthOf(stderr),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .option('--address <host:port>', "Temporal's address (TEMPORAL_ADDRESS; default: localhost:7233)")
    .option('--namespace <namespace>', "Temporal's namespace (TEMPORAL_NAMESPACE; default: default)")
    .option(
      '--account <account>',
      'Lambda account whose worker is asked (NAVARCH_ACCOUNT; default: the one without name)',
    )
    .option('--json', 'one JSON document on standard output, an error too; everything else on standard error')
    .showHelpAfterError('Add --help to see what there is.')
    .addHelpText('afterAll', exitCodeHelp());
  if (options.version !== undefined) program.version(options.version);
  for (const register of [...OURS, ...(options.commands ?? []), registerCompletion]) register(program, options);
  return program;
}

function widthOf({ isTTY, columns }: OutputStream): number {
  return isTTY === true ? (columns ?? 80) : 100;
}
