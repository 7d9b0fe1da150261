import type { Process } from './process.ts';
import { parseSignal, SIGNALS } from './signals.ts';
import type { SignalName } from './signals.ts';

export interface SignalsSent {
  readonly exitCode: number;
  readonly mistakes: readonly string[];
  readonly output: string;
}

/** What `kill` does, with kill's own arguments: `-TERM 12`, `-s KILL 12`, `-0 12`, `-- -12` for a whole session, `-l`. */
export function sendSignals(sender: Process, args: readonly string[]): SignalsSent {
  if (args[0] === '-l' || args[0] === '-L') {
    return { exitCode: 0, mistakes: [], output: `${Object.keys(SIGNALS).join(' ')}\n` };
  }
  let name = 'TERM';
  let targets = args;
  const [first = '', second = ''] = args;
  if (first === '-s' || first === '-n') {
    name = second;
    targets = args.slice(2);
  } else if (/^-[A-Za-z0-9]+$/.test(first)) {
    name = first.slice(1);
    targets = args.slice(1);
  }
  if (targets[0] === '--') targets = targets.slice(1);
  const signal = name === '0' ? undefined : parseSignal(name);
  if (signal === undefined && name !== '0') return failed(`${name}: invalid signal specification`);
  if (targets.length === 0) return failed('usage: kill [-s sigspec | -signum] pid ...');
  const mistakes = targets.flatMap((target) => sendOne(sender, target, signal) ?? []);
  return { exitCode: mistakes.length > 0 ? 1 : 0, mistakes, output: '' };
}

function failed(mistake: string): SignalsSent {
  return { exitCode: 1, mistakes: [mistake], output: '' };
}

/** Sends to one process, or (negative) to a session's; undefined if all went well, else why not. Signal 0 is undefined: only looks. */
function sendOne(sender: Process, target: string, signal: SignalName | undefined): string | undefined {
  if (!/^-?\d+$/.test(target)) return `${target}: arguments must be process or job IDs`;
  const pid = Number(target);
  const { processes } = sender.system;
  const found =
    pid < 0 ? processes.running.filter((process) => process.session === -pid) : [processes.find(pid)].filter(isProcess);
  // Process 1 always runs, and never minds.
  if (pid === 1) return sender.user.uid === 0 ? undefined : `(1) - Operation not permitted`;
  if (found.length === 0) return `(${target}) - No such process`;
  const allowed = found.filter((process) => sender.user.uid === 0 || sender.user.uid === process.user.uid);
  if (allowed.length === 0) return `(${target}) - Operation not permitted`;
  if (signal !== undefined) for (const process of allowed) process.deliver(signal);
  return undefined;
}

function isProcess(process: Process | undefined): process is Process {
  return process !== undefined;
}
