import { FileError } from '../files/file-error.ts';
import type { Process } from '../processes/process.ts';
import type { ArithmeticNode, FunctionNode, StatementNode, WordNode } from './ast.ts';
import type { Variables } from './variables.ts';

/** What `set -…` and `set -o …` switch. */
export interface ShellOptions {
  allexport: boolean;
  errexit: boolean;
  errtrace: boolean;
  noclobber: boolean;
  noexec: boolean;
  noglob: boolean;
  nounset: boolean;
  pipefail: boolean;
  verbose: boolean;
  xtrace: boolean;
}

export const OPTION_LETTERS: Readonly<Record<string, keyof ShellOptions>> = {
  a: 'allexport',
  e: 'errexit',
  E: 'errtrace',
  C: 'noclobber',
  n: 'noexec',
  f: 'noglob',
  u: 'nounset',
  v: 'verbose',
  x: 'xtrace',
};

/** The parts of the interpreter that need each other: each gets at the others through here. */
export interface ShellRuntime {
  /** Runs statements in this shell; resolves with the last one's exit code. */
  runStatements(shell: Shell, statements: readonly StatementNode[]): Promise<number>;
  /** The same for a text that is yet to be parsed: a trap, `eval`. */
  runText(shell: Shell, text: string): Promise<number>;
  /** Expands a word to one string: no field splitting, no file names. */
  expandText(shell: Shell, word: WordNode): Promise<string>;
  evaluateArithmetic(shell: Shell, node: ArithmeticNode): Promise<number>;
}

/** One running shell: `bash script`, a subshell, a command substitution. It lives in a process. */
export class Shell {
  readonly process: Process;
  readonly runtime: ShellRuntime;
  readonly variables: Variables;
  readonly functions: Map<string, FunctionNode>;
  readonly options: ShellOptions;
  readonly shopts: Set<string>;
  /** `$0`. */
  name: string;
  positional: readonly string[];
  lastStatus = 0;
  /** The exit code of a script that ends at an unset variable: 127 for `bash -c`, 1 for a file. */
  unsetStatus = 1;
  /** `$!`. */
  lastBackground: number | undefined;
  /** Set by command substitutions; see `takeSubstitutionStatus`. */
  substitutionStatus: number | undefined;
  line = 0;
  /** More than 0 while a failure is being asked for: conditions, all but the last of `&&` and `||`, after `!`. */
  failureExpected = 0;
  loopDepth = 0;
  functionDepth = 0;
  statementsRun = 0;
  /** More than 0 inside functions and sourced files: where `return` may be said. */
  returnDepth = 0;
  /** Commands by condition: EXIT, ERR, or a signal's name. */
  readonly traps = new Map<string, string>();
  readonly pendingTraps: string[] = [];
  /** Wakes `wait` when a trap is due. */
  onPendingTrap: (() => void) | undefined;
  /** Background children, by pid. */
  readonly children = new Map<number, Promise<number>>();
  readonly getopts = { index: 1, offset: 0 };

  constructor(init: {
    readonly process: Process;
    readonly runtime: ShellRuntime;
    readonly variables: Variables;
    readonly name: string;
    readonly positional?: readonly string[];
    readonly inherit?: Shell;
  }) {
    this.process = init.process;
    this.runtime = init.runtime;
    this.variables = init.variables;
    this.name = init.name;
    this.positional = init.positional ?? [];
    const from = init.inherit;
    this.functions = new Map(from?.functions);
    this.shopts = new Set(from?.shopts);
    this.options = from === undefined ? noOptions() : { ...from.options };
    if (from !== undefined) {
      this.lastStatus = from.lastStatus;
      this.lastBackground = from.lastBackground;
      this.line = from.line;
      this.failureExpected = from.failureExpected;
      this.loopDepth = from.loopDepth;
      this.returnDepth = from.returnDepth;
    }
  }

  /** This shell again, in another process: what `( … )` forks. Traps are not inherited. */
  fork(process: Process): Shell {
    return new Shell({
      process,
      runtime: this.runtime,
      variables: this.variables.copy(),
      name: this.name,
      positional: this.positional,
      inherit: this,
    });
  }

  /** The exit code of the last command substitution since this was asked, 0 if there was none: that of an assignment alone. */
  takeSubstitutionStatus(): number {
    const status = this.substitutionStatus ?? 0;
    this.substitutionStatus = undefined;
    return status;
  }

  /** `bash: line 3: <text>` on stderr, as scripts are told what went wrong. */
  async complain(text: string): Promise<void> {
    try {
      await this.process.print(`${this.name}: line ${this.line}: ${text}\n`, 2);
    } catch (error) {
      // The disk is full: a shell goes on without having said why.
      if (!(error instanceof FileError)) throw error;
    }
  }
}

function noOptions(): ShellOptions {
  return {
    allexport: false,
    errexit: false,
    errtrace: false,
    noclobber: false,
    noexec: false,
    noglob: false,
    nounset: false,
    pipefail: false,
    verbose: false,
    xtrace: false,
  };
}
