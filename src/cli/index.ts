// The command line. src/bin.ts gives it the process's streams and the commands that start something.
export { EXIT_CODE, EXIT_CODE_MEANING, type ExitCode } from './exit-codes.ts';
export { InterruptedError } from './interrupted.ts';
export type { CliIo, OutputStream } from './io.ts';
export { nodeText } from './node-text.ts';
export { createProgram, type ProgramOptions, type Registrar } from './program.ts';
export { createProgressView, type ProgressView } from './progress/view.ts';
export { showUntil } from './progress/show-until.ts';
export { runCli } from './run-cli.ts';
export { UsageError } from './usage-error.ts';
