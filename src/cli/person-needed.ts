import type { ExitCode } from './exit-codes.ts';

/** The command did what it was to do, and found something that only a person can decide. Its report is written already. */
export class PersonNeededError extends Error {
  override readonly name = 'PersonNeededError';
  readonly advice: string | undefined;
  /** Default: that of this error. */
  readonly exitCode: ExitCode | undefined;

  constructor(reasons: readonly string[], advice?: string, exitCode?: ExitCode) {
    super(`a person should look: ${reasons.join('; ')}`);
    this.advice = advice;
    this.exitCode = exitCode;
  }
}
