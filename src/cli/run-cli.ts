import { exitCodeOf, EXIT_CODE, type ExitCode } from './exit-codes.ts';
import { explain } from './explain.ts';
import { InterruptedError } from './interrupted.ts';
import { paintFor } from './paint.ts';
import { PersonNeededError } from './person-needed.ts';
import { createProgram, type ProgramOptions } from './program.ts';

/** What is said on stderr with these is no error of the command. */
const isFailure = (error: unknown): boolean =>
  !(error instanceof InterruptedError || error instanceof PersonNeededError);

/** Runs a command line (without node and script) to its end. Errors are said on stderr, one sentence and what to do. Never rejects. */
export async function runCli(argv: readonly string[], options: ProgramOptions): Promise<ExitCode> {
  try {
    await createProgram(options).parseAsync([...argv], { from: 'user' });
    return EXIT_CODE.done;
  } catch (error) {
    const explanation = explain(error);
    if (explanation !== undefined) {
      const paint = paintFor(options.stderr, options);
      const label = isFailure(error) ? `${paint.red('error:')} ` : '';
      const advice = explanation.advice === undefined ? '' : `${explanation.advice}\n`;
      options.stderr.write(`${label}${explanation.sentence}\n${advice}`);
    }
    return exitCodeOf(error);
  }
}
