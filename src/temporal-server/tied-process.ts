import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';

// A child that cannot outlive us, however we end (exit, Ctrl-C, even SIGKILL), without a handler in our process: only we hold the
// other end of its stdin, and a watcher beside it reads there until that ends. Both are in a process group of their own, so that the
// watcher ends the child's children too, and Ctrl-C in a terminal reaches us first. `exec` leaves the child's pid ours to signal. The watcher keeps
// stderr open: when our end of it closes, nothing of the group is left. (Under an init that does not reap, an ended child stays a zombie.)
const TIED = `
exec 3<&0 </dev/null
(
  trap '' TERM
  read -r nothing <&3
  PATH=/usr/bin:/bin
  kill -TERM 0
  tenths=0
  while [ $tenths -lt 100 ] && kill -0 $$ 2>/dev/null; do
    case $(cat /proc/$$/stat 2>/dev/null) in *') Z '*) break ;; esac
    sleep 0.1
    tenths=$((tenths + 1))
  done
  kill -KILL 0
) >/dev/null &
exec 3<&-
exec "$@"`;

/** A Go program that panics says why first, and then prints a trace longer than what is kept of the end. */
const FIRST_LINES_KEPT = 20;
const LAST_LINES_KEPT = 40;

export interface TiedProcessOptions {
  readonly cwd?: string;
  /** Added to our own environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** All output is appended to this file. */
  readonly logFile?: string;
}

/** How a process ended: `code` is null if a signal ended it, or if it could not be started (the output says why). */
export interface ProcessEnd {
  readonly code: number | null;
}

/** A running child that ends when we do. */
export interface TiedProcess {
  readonly pid: number | undefined;
  /** Settles when the child and everything in its group are gone. */
  readonly ended: Promise<ProcessEnd>;
  hasEnded(): boolean;
  /** The first and the last lines of stdout and stderr together; `…` stands for those between. */
  recentOutput(): string;
  /** Asks it to end (SIGTERM); after ten seconds it is killed. Resolves when nothing is left. May be called again. */
  stop(): Promise<void>;
}

/** Starts `command` (a path, or a name to be found on PATH) tied to our life. */
export function spawnTied(command: string, args: readonly string[], options: TiedProcessOptions = {}): TiedProcess {
  // `env` adds to what the child inherits, so that this file need not read our environment.
  const settings = Object.entries(options.env ?? {}).map(([name, value]) => `${name}=${value}`);
  const child = spawn('/bin/sh', ['-c', TIED, 'sh', '/usr/bin/env', ...settings, command, ...args], {
    cwd: options.cwd,
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  const log = options.logFile === undefined ? undefined : createWriteStream(options.logFile, { flags: 'a' });
  const first: string[] = [];
  const last: string[] = [];
  let left = 0;
  const keep = (line: string) => {
    if (first.length < FIRST_LINES_KEPT) {
      first.push(line);
      return;
    }
    last.push(line);
    if (last.length <= LAST_LINES_KEPT) return;
    last.shift();
    left += 1;
  };
  const note = (line: string) => {
    keep(line);
    log?.write(`${line}\n`);
  };
  log?.on('error', (error) => keep(`(the log file cannot be written: ${error.message})`));
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', note);
  child.stdin.on('error', () => undefined); // it only tells that the child is gone, which `ended` tells too

  let gone = false;
  const ended = new Promise<ProcessEnd>((resolve) => {
    const finish = (code: number | null) => {
      gone = true;
      log?.end();
      resolve({ code });
    };
    child.on('error', (error) => {
      note(error.message);
      finish(null);
    });
    child.on('close', finish);
  });
  return {
    pid: child.pid,
    ended,
    hasEnded: () => gone,
    recentOutput: () => [...first, ...(left > 0 ? ['…'] : []), ...last].join('\n'),
    stop: async () => {
      child.stdin.destroy(); // the watcher does the rest, just as if we had died
      await ended;
    },
  };
}
