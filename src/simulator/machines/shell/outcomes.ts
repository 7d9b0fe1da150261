// How a shell leaves what it is doing. These are thrown, so that they pass through everything on the way.

/** `exit`, or the end that `set -e` makes of a failed command. */
export class ShellExit extends Error {
  override readonly name = 'ShellExit';
  readonly exitCode: number;
  constructor(exitCode: number) {
    super(`exit ${exitCode}`);
    this.exitCode = exitCode;
  }
}

/** `return` from a function or a sourced file. */
export class ShellReturn extends Error {
  override readonly name = 'ShellReturn';
  readonly exitCode: number;
  constructor(exitCode: number) {
    super(`return ${exitCode}`);
    this.exitCode = exitCode;
  }
}

/** `break` or `continue`, out of so many loops. */
export class LoopControl extends Error {
  override readonly name = 'LoopControl';
  readonly kind: 'break' | 'continue';
  readonly levels: number;
  constructor(kind: 'break' | 'continue', levels: number) {
    super(kind);
    this.kind = kind;
    this.levels = levels;
  }
}

/** An expansion that cannot be done: an unset variable under `set -u`, a division by zero. Ends a script. */
export class ExpansionError extends Error {
  override readonly name: string = 'ExpansionError';
}

/** The same for a variable that is not set where it must be: bash ends a `bash -c` with 127 for it. */
export class UnsetError extends ExpansionError {
  override readonly name = 'UnsetError';
}

/** A redirection that cannot be done: the command does not run, and fails with 1. */
export class RedirectionError extends Error {
  override readonly name = 'RedirectionError';
}
