import { setMaxListeners } from 'node:events';
import { resolvePath } from '../files/paths.ts';
import type { Who } from '../files/file-tree.ts';
import type { OpenFile } from '../io/open-file.ts';
import { NullFile } from '../io/null-file.ts';
import type { System } from '../system.ts';
import { isHarmless, KilledBySignal } from './signals.ts';
import type { SignalName } from './signals.ts';
import type { User } from './users.ts';

/** What a process inherits when it is forked. */
export interface ProcessInit {
  readonly pid: number;
  readonly parent: Process | undefined;
  readonly system: System;
  readonly scope: object | undefined;
  argv: readonly string[];
  user: User;
  cwd: string;
  umask: number;
  env: ReadonlyMap<string, string>;
  files: ReadonlyMap<number, OpenFile>;
}

/** What a process does when a signal arrives that it catches. */
export type SignalHandler = (signal: SignalName) => void;

/**
 * A process of a machine: a number, a command line, a user, descriptors, and a JavaScript function that runs until it returns an
 * exit code. Everything the function waits for takes `signal`, so that a killed process stops at once; what a killed function
 * still does by itself has no effect on the outcome.
 */
export class Process {
  readonly pid: number;
  readonly parent: Process | undefined;
  readonly system: System;
  /** The login session it belongs to; services have none. */
  readonly scope: object | undefined;
  readonly startedAtMs: number;
  /** The command line, as `ps` shows it. `exec` replaces it. */
  argv: readonly string[];
  user: User;
  cwd: string;
  umask: number;
  /** The environment it hands to programs. */
  env: Map<string, string>;
  /** The session leader's pid: `setsid` starts a new one. */
  session: number;
  readonly files: Map<number, OpenFile>;
  readonly ignored: Set<SignalName>;
  readonly handlers = new Map<SignalName, SignalHandler>();
  /** Resolves with the exit code (128 + n after signal n). Never rejects. */
  readonly exited: Promise<number>;
  #resolveExit: (exitCode: number) => void = () => undefined;
  #life = newLife();
  #exitCode: number | undefined;
  #killedBy: SignalName | undefined;

  constructor(init: ProcessInit) {
    this.pid = init.pid;
    this.parent = init.parent;
    this.system = init.system;
    this.scope = init.scope;
    this.startedAtMs = init.system.clock.now();
    this.argv = init.argv;
    this.user = init.user;
    this.cwd = init.cwd;
    this.umask = init.umask;
    this.env = new Map(init.env);
    this.session = init.parent?.session ?? init.pid;
    this.files = new Map();
    for (const [fd, file] of init.files) this.files.set(fd, file.retain());
    this.ignored = new Set(init.parent?.ignored);
    this.exited = new Promise((resolve) => {
      this.#resolveExit = resolve;
    });
  }

  /** The signal that ended it, if one did. */
  get killedBy(): SignalName | undefined {
    return this.#killedBy;
  }

  /** Aborts when the process is killed; its reason is a `KilledBySignal`. */
  get signal(): AbortSignal {
    return this.#life.signal;
  }

  get isRunning(): boolean {
    return this.#exitCode === undefined;
  }

  get who(): Who {
    return { uid: this.user.uid, gid: this.user.gid, umask: this.umask };
  }

  resolve(path: string): string {
    return resolvePath(this.cwd, path);
  }

  /** The file behind a descriptor; one that is closed swallows and gives nothing. */
  file(fd: number): OpenFile {
    return this.files.get(fd) ?? CLOSED;
  }

  /** Makes `fd` stand for `file`, closing what it stood for. The process takes over the caller's hold. */
  setFile(fd: number, file: OpenFile): void {
    const before = this.files.get(fd);
    this.files.set(fd, file);
    before?.release();
  }

  closeFile(fd: number): void {
    this.files.get(fd)?.release();
    this.files.delete(fd);
  }

  async print(text: string | Uint8Array, fd = 1): Promise<void> {
    if (text.length === 0) return;
    await this.file(fd).write(typeof text === 'string' ? Buffer.from(text) : text, this.signal);
  }

  /** Prints `<program>: <text>` to stderr and returns `exitCode`: how programs end when they refuse. */
  async fail(text: string, exitCode = 1): Promise<number> {
    await this.print(`${text}\n`, 2);
    return exitCode;
  }

  /** Delivers a signal: ignored, handled, or the end of it. */
  deliver(signal: SignalName): void {
    if (!this.isRunning) return;
    if (signal !== 'KILL') {
      if (this.ignored.has(signal)) return;
      const handler = this.handlers.get(signal);
      if (handler !== undefined) {
        handler(signal);
        return;
      }
      if (isHarmless(signal)) return;
    }
    const reason = new KilledBySignal(signal);
    this.#killedBy = signal;
    this.#life.abort(reason);
    this.finish(reason.exitCode);
  }

  /** Stops what the process does now, with this reason, but lets it live: a shell then runs its EXIT trap. */
  interrupt(reason: Error): void {
    const before = this.#life;
    this.#life = newLife();
    before.abort(reason);
  }

  /** The process is over: its descriptors close. Later calls do nothing. */
  finish(exitCode: number): void {
    if (this.#exitCode !== undefined) return;
    this.#exitCode = exitCode;
    for (const file of this.files.values()) file.release();
    this.files.clear();
    this.#resolveExit(exitCode);
  }
}

const CLOSED = new NullFile();

/** A process may wait for any number of things at once: that is no leak. */
function newLife(): AbortController {
  const life = new AbortController();
  setMaxListeners(0, life.signal);
  return life;
}
