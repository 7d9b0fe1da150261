import { unlessAborted } from '../../io/wait.ts';
import { KilledBySignal, parseSignal, SIGNALS } from '../../processes/signals.ts';
import type { SignalName } from '../../processes/signals.ts';
import { sendSignals } from '../../processes/send-signals.ts';
import type { Shell } from '../shell.ts';
import { quoteForShell } from '../parameter-operations.ts';
import { refuse } from './builtin.ts';
import type { Builtin } from './builtin.ts';

/** A trap came while `wait` was waiting. */
const INTERRUPTED = 128 + SIGNALS.TERM;

const wait: Builtin = async (shell, args) => {
  const pids = args.filter((arg) => !arg.startsWith('-')).map((arg) => pidOf(shell, arg));
  if (args.includes('-n')) {
    if (shell.children.size === 0) return 127;
    const first = Promise.race([...shell.children].map(async ([pid, exited]) => ({ pid, status: await exited })));
    const ended = await unlessTrapped(shell, first);
    if (ended === undefined) return INTERRUPTED;
    shell.children.delete(ended.pid);
    return ended.status;
  }
  let status = 0;
  for (const pid of pids.length > 0 ? pids : [...shell.children.keys()]) {
    const exited = shell.children.get(pid);
    if (exited === undefined) return refuse(shell, `wait: pid ${pid} is not a child of this shell`, 127);
    const ended = await unlessTrapped(shell, exited);
    if (ended === undefined) return INTERRUPTED;
    if (pids.length === 0) shell.children.delete(pid);
    else status = ended;
  }
  return status;
};

function pidOf(shell: Shell, text: string): number {
  return text.startsWith('%') ? (shell.lastBackground ?? 0) : Number(text);
}

async function unlessTrapped<T>(shell: Shell, promise: Promise<T>): Promise<T | undefined> {
  const trapped = new Promise<undefined>((resolve) => {
    shell.onPendingTrap = () => resolve(undefined);
  });
  try {
    return await unlessAborted(Promise.race([promise, trapped]), shell.process.signal);
  } finally {
    shell.onPendingTrap = undefined;
  }
}

const kill: Builtin = async (shell, args) => {
  const resolved = args.map((arg) => (arg.startsWith('%') ? String(pidOf(shell, arg)) : arg));
  const { exitCode, mistakes, output } = sendSignals(shell.process, resolved);
  await shell.process.print(output);
  for (const mistake of mistakes) await shell.complain(`kill: ${mistake}`);
  return exitCode;
};

const jobs: Builtin = async (shell) => {
  let number = 0;
  for (const pid of shell.children.keys()) {
    number += 1;
    const process = shell.process.system.processes.find(pid);
    if (process === undefined) continue;
    await shell.process.print(`[${number}]   Running                 ${process.argv.join(' ')} &\n`);
  }
  return 0;
};

const trap: Builtin = async (shell, args) => {
  const rest = args[0] === '--' ? args.slice(1) : args;
  if (rest.length === 0 || rest[0] === '-p') {
    for (const [condition, command] of shell.traps) {
      const name = condition in SIGNALS ? `SIG${condition}` : condition;
      await shell.process.print(`trap -- ${quoteForShell(command)} ${name}\n`);
    }
    return 0;
  }
  const resets = rest.length === 1 || rest[0] === '-';
  const command = resets ? undefined : rest[0];
  for (const text of rest.length === 1 ? rest : rest.slice(1)) {
    const condition = conditionOf(text);
    if (condition === undefined) return refuse(shell, `trap: ${text}: invalid signal specification`);
    if (command === undefined) shell.traps.delete(condition);
    else shell.traps.set(condition, command);
    if (condition in SIGNALS) dispose(shell, condition as SignalName, command);
  }
  watchEndings(shell);
  return 0;
};

function conditionOf(text: string): string | undefined {
  const upper = text.toUpperCase();
  if (upper === '0' || upper === 'EXIT' || upper === 'SIGEXIT') return 'EXIT';
  if (upper === 'ERR' || upper === 'DEBUG' || upper === 'RETURN') return upper;
  return parseSignal(text);
}

function dispose(shell: Shell, signal: SignalName, command: string | undefined): void {
  const { process } = shell;
  process.ignored.delete(signal);
  process.handlers.delete(signal);
  if (command === '') process.ignored.add(signal);
  else if (command !== undefined) {
    process.handlers.set(signal, () => {
      shell.pendingTraps.push(command);
      shell.onPendingTrap?.();
    });
  }
}

/** A shell with an EXIT trap lives long enough after these signals to run it. */
const ENDINGS: readonly SignalName[] = ['HUP', 'INT', 'TERM'];

function watchEndings(shell: Shell): void {
  const hasExit = shell.traps.has('EXIT');
  for (const signal of ENDINGS) {
    if (shell.traps.has(signal)) continue;
    if (hasExit) shell.process.handlers.set(signal, () => shell.process.interrupt(new KilledBySignal(signal)));
    else shell.process.handlers.delete(signal);
  }
}

function succeed(): Promise<number> {
  return Promise.resolve(0);
}

export const JOBS: Readonly<Record<string, Builtin>> = { wait, kill, jobs, trap, disown: succeed, bg: succeed };
