import { runCli, type ExitCode } from '../../src/cli/index.ts';

export interface CliRun {
  readonly code: ExitCode;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command line within this process, with these variables alone. */
export async function cliRun(
  env: Readonly<Record<string, string | undefined>>,
  ...argv: readonly string[]
): Promise<CliRun> {
  let stdout = '';
  let stderr = '';
  const code = await runCli(argv, {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    env,
  });
  return { code, stdout, stderr };
}
