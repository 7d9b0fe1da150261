import { exitCodeOf, EXIT_CODE, type ExitCode } from './exit-codes.ts';
import { explain } from './explain.ts';
import { paintFor } from './paint.ts';
import { createProgram, type ProgramOptions } from './program.ts';

/** What is said on stderr with these is no error of the command. */
const NO_FAILURE: readonly ExitCode[] = [EXIT_CODE.interrupted, EXIT_CODE.personNeeded];

/** Runs a command line (without node and script) to its end. Errors are said on stderr, one sentence and what to do. Never rejects. */
export async function runCli(argv: readonly string[], options: ProgramOptions): Promise<ExitCode> {
  try {
    await createProgram(options).parseAsync([...argv], { from: 'user' });
    return EXIT_CODE.done;
  } catch (error) {
    const explanation = explain(error);
    if (explanation !== undefined) {
      const paint = paintFor(options.stderr, options);
      const code = exitCodeOf(error);
      const label = NO_FAILURE.includes(code) ? '' : `${paint.red('error:')} `;
      const advice = explanation.advice === undefined ? '' : `${explanation.advice}\n`;
      options.stderr.write(`${label}${explanation.sentence}\n${advice}`);
    }
    return exitCodeOf(error);
  }
}
