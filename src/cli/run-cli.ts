import { errorDocument } from './error-json.ts';
import { exitCodeOf, EXIT_CODE, type ExitCode } from './exit-codes.ts';
import { explain } from './explain.ts';
import { InterruptedError } from './interrupted.ts';
import type { OutputStream } from './io.ts';
import { paintFor } from './paint.ts';
import { PersonNeededError } from './person-needed.ts';
import { createProgram, type ProgramOptions } from './program.ts';
import { json } from './text.ts';

/**
 * Runs a command line (without node and script) to its end. Errors are said on stderr, one sentence and what to do; with --json they are the
 * one document on stdout, too, unless the command has written it. Never rejects.
 */
export async function runCli(argv: readonly string[], options: ProgramOptions): Promise<ExitCode> {
  const stdout = new WatchedStream(options.stdout);
  try {
    await createProgram({ ...options, stdout }).parseAsync([...argv], { from: 'user' });
    return EXIT_CODE.done;
  } catch (error) {
    const explanation = explain(error);
    if (explanation !== undefined) {
      const paint = paintFor(options.stderr, options);
      const label = isFailure(error) ? `${paint.red('error:')} ` : '';
      const advice = explanation.advice === undefined ? '' : `${explanation.advice}\n`;
      options.stderr.write(`${label}${explanation.sentence}\n${advice}`);
    }
    const document = errorDocument(error);
    if (document !== undefined && wantsJson(argv) && !stdout.isWritten) stdout.write(json(document));
    return exitCodeOf(error);
  }
}

/** What is said on stderr with the others is no error of the command. */
function isFailure(error: unknown): boolean {
  return !(error instanceof InterruptedError || error instanceof PersonNeededError);
}

/** Also of a command line that could not be understood. */
function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return (end < 0 ? argv : argv.slice(0, end)).includes('--json');
}

class WatchedStream implements OutputStream {
  readonly #stream: OutputStream;
  isWritten = false;

  constructor(stream: OutputStream) {
    this.#stream = stream;
  }

  get isTTY(): boolean | undefined {
    return this.#stream.isTTY;
  }

  get columns(): number | undefined {
    return this.#stream.columns;
  }

  write(text: string): unknown {
    this.isWritten = true;
    return this.#stream.write(text);
  }
}
