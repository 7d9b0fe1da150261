import { FileError } from '../files/file-error.ts';
import { BrokenPipeError } from '../io/open-file.ts';
import type { OpenFile } from '../io/open-file.ts';
import type { System } from '../system.ts';
import { Process } from './process.ts';
import { KilledBySignal, SIGNALS } from './signals.ts';
import { ROOT_USER } from './users.ts';
import type { User } from './users.ts';

/** What a new process has different from its parent. */
export interface ForkOptions {
  readonly argv?: readonly string[];
  readonly user?: User;
  readonly cwd?: string;
  readonly env?: ReadonlyMap<string, string>;
  readonly files?: ReadonlyMap<number, OpenFile>;
  /** The login session, as logind has it: children belong to their parent's, whatever they do. */
  readonly scope?: object;
}

/** What a process does; resolves with its exit code. */
export type Main = (process: Process) => Promise<number>;

const FIRST_PID = 1100;

/** The processes of one boot of a machine. */
export class ProcessTable {
  readonly #running = new Map<number, Process>();
  readonly #system: System;
  #lastPid = FIRST_PID;

  constructor(system: System) {
    this.#system = system;
  }

  /** All that run, oldest first. */
  get running(): readonly Process[] {
    return [...this.#running.values()].filter((process) => process.isRunning);
  }

  find(pid: number): Process | undefined {
    const process = this.#running.get(pid);
    return process?.isRunning === true ? process : undefined;
  }

  /** A process without a parent: a session of sshd, a service. `files` are retained, not taken over. */
  spawn(options: ForkOptions & { readonly argv: readonly string[] }, main: Main): Process {
    return this.#start(undefined, options, main);
  }

  fork(parent: Process, options: ForkOptions, main: Main): Process {
    return this.#start(parent, options, main);
  }

  /** Power is cut: everything is gone, and no trap runs. */
  killAll(): void {
    for (const process of this.running) process.deliver('KILL');
  }

  /** A login session is over, and all that belongs to it with it. */
  killScope(scope: object): void {
    for (const process of this.running) if (process.scope === scope) process.deliver('KILL');
  }

  #start(parent: Process | undefined, options: ForkOptions, main: Main): Process {
    this.#lastPid += 1;
    const process = new Process({
      pid: this.#lastPid,
      parent,
      system: this.#system,
      scope: options.scope ?? parent?.scope,
      argv: options.argv ?? parent?.argv ?? [],
      user: options.user ?? parent?.user ?? ROOT_USER,
      cwd: options.cwd ?? parent?.cwd ?? '/',
      umask: parent?.umask ?? 0o022,
      env: options.env ?? parent?.env ?? new Map<string, string>(),
      files: options.files ?? parent?.files ?? new Map<number, OpenFile>(),
    });
    this.#running.set(process.pid, process);
    this.#supervise(process, main).catch((error: unknown) => this.#system.reportDefect(process, error));
    return process;
  }

  async #supervise(process: Process, main: Main): Promise<void> {
    try {
      process.finish(await main(process));
    } catch (error) {
      if (!process.isRunning || error instanceof KilledBySignal) {
        process.finish(error instanceof KilledBySignal ? error.exitCode : 255);
      } else if (error instanceof BrokenPipeError) {
        process.finish(128 + SIGNALS.PIPE);
      } else if (error instanceof FileError) {
        await this.#say(process, `${error.path}: ${error.text}`);
        process.finish(1);
      } else {
        // Not something a program of the machine can run into: the simulator is wrong.
        await this.#say(process, `defect of the simulator: ${String(error)}`);
        process.finish(255);
        throw error;
      }
    } finally {
      this.#running.delete(process.pid);
    }
  }

  async #say(process: Process, text: string): Promise<void> {
    try {
      await process.print(`${process.argv[0] ?? ''}: ${text}\n`, 2);
    } catch (error) {
      // Its stderr is gone as well, or it was killed meanwhile: then nobody can be told.
      if (!(error instanceof BrokenPipeError || error instanceof FileError) && process.isRunning) throw error;
    }
  }
}
