import { FileError } from '../files/file-error.ts';
import { ROOT } from '../files/file-tree.ts';
import { NullFile } from '../io/null-file.ts';
import type { OpenFile } from '../io/open-file.ts';
import type { Process } from '../processes/process.ts';
import { findProgram, runProgram } from '../processes/programs.ts';
import { SIGNALS } from '../processes/signals.ts';
import type { SignalName } from '../processes/signals.ts';
import { findUser } from '../processes/users.ts';
import type { System } from '../system.ts';
import type { ExecLine, Unit } from './unit-file.ts';
import { splitQuoted } from './unit-file.ts';

export type ActiveState = 'active' | 'inactive' | 'failed' | 'activating' | 'deactivating';
export type StartResult = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** Exit codes that systemd itself gives to what it could not start. */
const EXIT_EXEC = 203;
const EXIT_USER = 217;
const EXIT_RESOURCES = 'resources';
/** A service that one of these ended is taken to have ended well. */
const CLEAN_SIGNALS: readonly SignalName[] = ['HUP', 'INT', 'PIPE', 'TERM'];
const SIGNALLED_FROM = 128;

/** One service: its process, and whether it is started again when it ends. */
export class Service {
  readonly #system: System;
  unit: Unit;
  state: ActiveState = 'inactive';
  /** systemd's finer word: `running`, `exited`, `dead`, `failed`, `auto-restart`. */
  subState = 'dead';
  result = 'success';
  exitCode = 0;
  restarts = 0;
  activeSinceMs: number | undefined;
  #process: Process | undefined;
  #starts: number[] = [];
  #cancelRestart: (() => void) | undefined;
  #stopping = false;

  constructor(system: System, unit: Unit) {
    this.#system = system;
    this.unit = unit;
  }

  get mainPid(): number {
    return this.#process?.isRunning === true ? this.#process.pid : 0;
  }

  /** Starts it unless it runs. Resolves when systemd would say that it started: at once, or after a oneshot's end. */
  async start(): Promise<StartResult> {
    if (this.state === 'active' || this.state === 'activating') {
      if (this.subState !== 'auto-restart') return { ok: true };
    }
    this.#cancelRestart?.();
    this.#stopping = false;
    return this.#startNow();
  }

  /** Ends it and keeps it ended. Resolves when its process is gone. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#cancelRestart?.();
    const process = this.#process;
    if (process?.isRunning !== true) {
      if (this.state !== 'failed') this.#become('inactive', 'dead');
      return;
    }
    this.#become('deactivating', 'stop-sigterm');
    this.#say(`Stopping ${this.unit.description}...`);
    for (const line of this.unit.stop) await this.#spawn(line).exited;
    process.deliver('TERM');
    const cancel = this.#system.clock.after(this.unit.stopTimeoutMs, () => process.deliver('KILL'));
    await process.exited;
    cancel();
    this.#endStragglers(process);
    this.#become('inactive', 'dead');
    this.#say(`Stopped ${this.unit.description}.`);
  }

  async #startNow(): Promise<StartResult> {
    if (!this.#system.isOn) return { ok: false, reason: 'the machine is off' };
    if (!this.#withinLimit()) return this.#fail('start-limit-hit', 'Start request repeated too quickly.');
    const [main] = this.unit.start;
    if (main === undefined) return this.#fail('bad-setting', 'Service has no ExecStart= setting.');
    const missing = this.#missingEnvironment();
    if (missing !== undefined) {
      return this.#fail(EXIT_RESOURCES, `Failed to load environment files: ${missing}: No such file or directory`);
    }
    this.#become('activating', 'start');
    for (const line of this.unit.startPre) {
      const exitCode = await this.#spawn(line).exited;
      if (exitCode !== 0 && !line.mayFail) return this.#fail('exit-code', `Control process exited, status=${exitCode}`);
    }
    if (this.unit.type === 'oneshot') return this.#runOneshot();
    this.#process = this.#spawn(main);
    this.#become('active', 'running');
    this.#say(`Started ${this.unit.description}.`);
    const process = this.#process;
    process.exited.then(
      (exitCode) => this.#ended(process, exitCode, main),
      () => undefined,
    );
    return { ok: true };
  }

  async #runOneshot(): Promise<StartResult> {
    for (const line of this.unit.start) {
      const exitCode = await this.#spawn(line).exited;
      this.exitCode = exitCode;
      if (exitCode !== 0 && !line.mayFail)
        return this.#fail('exit-code', `Main process exited, status=${exitCode}/FAILURE`);
    }
    this.#become(this.unit.remainAfterExit ? 'active' : 'inactive', this.unit.remainAfterExit ? 'exited' : 'dead');
    this.#say(`Finished ${this.unit.description}.`);
    return { ok: true };
  }

  #ended(process: Process, exitCode: number, line: ExecLine): void {
    this.exitCode = exitCode;
    if (process !== this.#process || this.#stopping || !this.#system.isOn) return;
    this.#endStragglers(process);
    const signal = process.killedBy ?? signalOf(exitCode);
    const clean = exitCode === 0 || (signal !== undefined && CLEAN_SIGNALS.includes(signal)) || line.mayFail;
    this.result = clean ? 'success' : signal === undefined ? 'exit-code' : 'signal';
    const how =
      signal === undefined ? `code=exited, status=${exitCode}` : `code=killed, status=${SIGNALS[signal]}/${signal}`;
    this.#say(`${this.unit.name}: Main process exited, ${how}`);
    if (!clean) this.#say(`${this.unit.name}: Failed with result '${this.result}'.`);
    if (!this.#isRestarted(signal !== undefined, clean)) {
      this.#become(clean ? 'inactive' : 'failed', clean ? 'dead' : 'failed');
      return;
    }
    this.#become('activating', 'auto-restart');
    this.#cancelRestart = this.#system.clock.after(this.unit.restartMs, () => {
      this.restarts += 1;
      this.#say(`${this.unit.name}: Scheduled restart job, restart counter is at ${this.restarts}.`);
      this.#startNow().catch((error: unknown) => this.#system.reportDefect(process, error));
    });
  }

  #isRestarted(signalled: boolean, clean: boolean): boolean {
    switch (this.unit.restart) {
      case 'always':
        return true;
      case 'on-failure':
        return !clean;
      case 'on-success':
        return clean;
      case 'on-abnormal':
        return !clean && signalled;
      case 'no':
        return false;
    }
  }

  #withinLimit(): boolean {
    const { burst, intervalMs } = this.unit.startLimit;
    const now = this.#system.clock.now();
    if (intervalMs === 0) return true;
    this.#starts = [...this.#starts.filter((time) => now - time < intervalMs), now];
    return this.#starts.length <= burst;
  }

  /** `systemctl reset-failed`, and what a start by hand does not do by itself. */
  forgetFailures(): void {
    this.#starts = [];
    if (this.state === 'failed') this.#become('inactive', 'dead');
  }

  #fail(result: string, message: string): StartResult {
    this.result = result;
    this.#become('failed', 'failed');
    this.#say(`${this.unit.name}: ${message}`);
    this.#say(`${this.unit.name}: Failed with result '${result}'.`);
    return { ok: false, reason: message };
  }

  /** What the main process left behind in its session ends with it, as systemd ends a whole control group. */
  #endStragglers(process: Process): void {
    for (const each of this.#system.processes.running) {
      if (each.session === process.pid) each.deliver('TERM');
    }
  }

  #spawn(line: ExecLine): Process {
    const user = findUser(this.unit.user);
    const env = this.#environment(user?.name ?? this.unit.user, user?.home ?? '/');
    const argv = line.argv.flatMap((word) => expandWord(word, env));
    const input = new NullFile();
    const output = this.#output(this.unit.output, argv);
    const errors = this.#output(this.unit.errorOutput, argv);
    const process = this.#system.processes.spawn(
      {
        argv,
        env,
        cwd: this.unit.workingDirectory.replace(/^-/, ''),
        ...(user === undefined ? {} : { user }),
        files: new Map([
          [0, input],
          [1, output],
          [2, errors],
        ]),
      },
      (started) =>
        user === undefined
          ? started.fail(`Failed to determine user ${this.unit.user}`, EXIT_USER)
          : execute(started, argv),
    );
    for (const file of [input, output, errors]) file.release();
    return process;
  }

  #output(path: string | undefined, argv: readonly string[]): OpenFile {
    const identifier = (argv[0] ?? '').split('/').pop() ?? '';
    if (path !== undefined) return this.#system.files.open(path, ROOT, { append: true, create: true });
    return this.#system.journal.writer({ unit: this.unit.name, identifier, pid: 0, bootId: this.#system.bootId });
  }

  #missingEnvironment(): string | undefined {
    return this.unit.environmentFiles.find(({ path, optional }) => !optional && !this.#system.files.exists(path, ROOT))
      ?.path;
  }

  #environment(user: string, home: string): Map<string, string> {
    const env = new Map([
      ['PATH', '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
      ['LANG', 'C.UTF-8'],
      ['USER', user],
      ['LOGNAME', user],
      ['HOME', home],
      ['SHELL', user === 'root' ? '/bin/sh' : '/bin/bash'],
      ['INVOCATION_ID', this.#system.bootId.replaceAll('-', '')],
    ]);
    for (const [name, value] of this.unit.environment) env.set(name, value);
    for (const { path } of this.unit.environmentFiles) {
      for (const [name, value] of readEnvironmentFile(this.#system, path)) env.set(name, value);
    }
    return env;
  }

  #become(state: ActiveState, subState: string): void {
    if (state === 'active' && this.state !== 'active') this.activeSinceMs = this.#system.clock.now();
    this.state = state;
    this.subState = subState;
    if (state === 'active') this.result = 'success';
  }

  #say(message: string): void {
    const { bootId } = this.#system;
    this.#system.journal.add({ unit: this.unit.name, identifier: 'systemd', pid: 1, message, bootId });
  }
}

/** A shell that ran its EXIT trap first ends by the code that stands for the signal. */
function signalOf(exitCode: number): SignalName | undefined {
  return CLEAN_SIGNALS.find((name) => SIGNALS[name] === exitCode - SIGNALLED_FROM);
}

async function execute(process: Process, argv: readonly string[]): Promise<number> {
  process.session = process.pid;
  const found = findProgram(process, argv[0] ?? '', process.env.get('PATH'));
  if (found.kind === 'found') return runProgram(process, found.path, argv);
  return process.fail(`Failed to execute ${argv[0] ?? ''}: ${found.text}`, EXIT_EXEC);
}

/** `${NAME}` is replaced in place; `$NAME` as a word of its own is cut at spaces. `%%` is a percent sign. */
function expandWord(word: string, env: ReadonlyMap<string, string>): string[] {
  const alone = /^\$(\w+)$/.exec(word);
  if (alone !== null) return splitQuoted(env.get(alone[1] ?? '') ?? '');
  return [word.replace(/\$\{(\w+)\}/g, (_, name: string) => env.get(name) ?? '').replaceAll('%%', '%')];
}

function readEnvironmentFile(system: System, path: string): [string, string][] {
  let text: string;
  try {
    text = Buffer.from(system.files.readFile(path, ROOT)).toString('utf8');
  } catch (error) {
    if (error instanceof FileError) return [];
    throw error;
  }
  return text.split('\n').flatMap((line): [string, string][] => {
    const match = /^\s*([A-Za-z_]\w*)=(.*)$/.exec(line);
    return match === null ? [] : [[match[1] ?? '', splitQuoted(match[2] ?? '').join(' ')]];
  });
}
