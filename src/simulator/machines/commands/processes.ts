import type { Process } from '../processes/process.ts';
import type { Program } from '../processes/programs.ts';
import { sendSignals } from '../processes/send-signals.ts';
import { parseSignal } from '../processes/signals.ts';
import { parseDuration } from './durations.ts';
import { formatTime } from './format-time.ts';
import { program, refuse } from './program-kit.ts';
import { baseName } from '../files/paths.ts';

const sleep: Program = async (process, args) => {
  let total = 0;
  for (const arg of args) {
    const ms = arg === 'infinity' ? Number.MAX_SAFE_INTEGER : parseDuration(arg);
    if (ms === undefined) return refuse(process, `invalid time interval '${arg}'`);
    total += ms;
  }
  if (args.length === 0) return refuse(process, 'missing operand');
  await process.system.clock.sleep(total, process.signal);
  return 0;
};

const kill: Program = async (process, args) => {
  const { exitCode, mistakes, output } = sendSignals(process, args);
  await process.print(output);
  for (const mistake of mistakes) await refuse(process, mistake);
  return exitCode;
};

/** One process, or what stands for the kernel's first. */
interface Row {
  readonly pid: number;
  readonly ppid: number;
  readonly user: string;
  readonly argv: readonly string[];
  readonly startedAtMs: number;
  readonly session: number;
}

function rows(process: Process): readonly Row[] {
  const { system } = process;
  const init = { pid: 1, ppid: 0, user: 'root', argv: ['/sbin/init'], startedAtMs: system.bootedAtMs, session: 1 };
  const others = system.processes.running.map((each) => ({
    pid: each.pid,
    ppid: each.parent?.isRunning === true ? each.parent.pid : 1,
    user: each.user.name,
    argv: each.argv,
    startedAtMs: each.startedAtMs,
    session: each.session,
  }));
  return [init, ...others];
}

const COLUMNS: Readonly<Record<string, { title: string; width: number; value(row: Row, nowMs: number): string }>> = {
  pid: { title: 'PID', width: 7, value: (row) => String(row.pid) },
  ppid: { title: 'PPID', width: 7, value: (row) => String(row.ppid) },
  sid: { title: 'SID', width: 7, value: (row) => String(row.session) },
  pgid: { title: 'PGID', width: 7, value: (row) => String(row.session) },
  user: { title: 'USER', width: -8, value: (row) => row.user },
  uname: { title: 'USER', width: -8, value: (row) => row.user },
  args: { title: 'COMMAND', width: 0, value: (row) => row.argv.join(' ') },
  cmd: { title: 'CMD', width: 0, value: (row) => row.argv.join(' ') },
  command: { title: 'COMMAND', width: 0, value: (row) => row.argv.join(' ') },
  comm: { title: 'COMMAND', width: 0, value: (row) => baseName(row.argv[0] ?? '').slice(0, 15) },
  stat: { title: 'STAT', width: -4, value: () => 'S' },
  tty: { title: 'TTY', width: -8, value: () => '?' },
  time: { title: 'TIME', width: 8, value: () => '00:00:00' },
  etimes: { title: 'ELAPSED', width: 7, value: (row, now) => String(Math.floor((now - row.startedAtMs) / 1000)) },
  etime: { title: 'ELAPSED', width: 11, value: (row, now) => formatTime('%T', now - row.startedAtMs) },
  lstart: { title: 'STARTED', width: -24, value: (row) => formatTime('%a %b %e %T %Y', row.startedAtMs) },
};

/** `ps`, `ps aux`, `ps -ef`, and `ps -o pid=,args= -p PID -u USER`. */
const ps: Program = async (process, args) => {
  const wanted: string[] = [];
  let pids: Set<number> | undefined;
  let user: string | undefined;
  let all = false;
  let headers = true;
  for (let i = 0; i < args.length; i += 1) {
    const arg = args[i] ?? '';
    const option = /^-([opuC])(.*)$/.exec(arg) ?? /^--(pid|user|format)=?(.*)$/.exec(arg);
    if (option !== null) {
      const value = option[2] === '' ? (args[(i += 1)] ?? '') : (option[2] ?? '');
      if (option[1] === 'o' || option[1] === 'format') wanted.push(...value.split(/[ ,]+/));
      else if (option[1] === 'u' || option[1] === 'user') user = value;
      else pids = new Set([...(pids ?? []), ...value.split(/[ ,]+/).map(Number)]);
    } else if (arg === '--no-headers' || arg === '-h') headers = false;
    else if (/^\d+$/.test(arg)) pids = new Set([...(pids ?? []), Number(arg)]);
    else if (/[aexA]/.test(arg)) {
      all = true;
      if (arg.includes('u') || arg.includes('f')) wanted.push('user', 'pid', 'ppid', 'stat', 'time', 'args');
    }
  }
  const columns = (wanted.length > 0 ? wanted : ['pid', 'tty', 'time', all ? 'args' : 'comm']).filter(
    (name) => name !== '',
  );
  const shown = rows(process).filter((row) => {
    if (pids !== undefined) return pids.has(row.pid);
    if (user !== undefined) return row.user === user;
    return all || row.user === process.user.name;
  });
  const unknown = columns.find((name) => COLUMNS[name.replace(/=.*/, '')] === undefined);
  if (unknown !== undefined) return refuse(process, `unknown user-defined format specifier "${unknown}"`);
  if (headers && columns.some((name) => !name.includes('=')))
    await process.print(line(columns, (column) => column.title));
  const now = process.system.clock.now();
  for (const row of shown) await process.print(line(columns, (column) => column.value(row, now)));
  return shown.length > 0 ? 0 : 1;
};

type Column = (typeof COLUMNS)[string];

function line(names: readonly string[], value: (column: Column) => string): string {
  const cells = names.flatMap((name, index) => {
    const column = COLUMNS[name.replace(/=.*/, '')];
    if (column === undefined) return [];
    const text = value(column);
    if (column.width < 0 && index < names.length - 1) return [text.padEnd(-column.width)];
    return [column.width > 0 ? text.padStart(column.width) : text];
  });
  return `${cells.join(' ')}\n`;
}

/** Processes whose command line (`-f`) or name matches; never the asker itself. */
function matching(
  process: Process,
  pattern: string,
  how: { readonly full: boolean; readonly exact: boolean; readonly user: string | undefined },
): Process[] {
  const matcher = new RegExp(how.exact ? `^(?:${pattern})$` : pattern);
  return process.system.processes.running.filter((each) => {
    if (each === process || (how.user !== undefined && each.user.name !== how.user)) return false;
    return matcher.test(how.full ? each.argv.join(' ') : baseName(each.argv[0] ?? '').slice(0, 15));
  });
}

const GREP_FLAGS = { flags: 'flaxnoc', valued: 'usP', long: { full: 'f', exact: 'x', signal: 's', count: 'c' } };

const pgrep = program(GREP_FLAGS, async (process, args) => {
  const [pattern = ''] = args.operands;
  const found = matching(process, pattern, { full: args.has('f'), exact: args.has('x'), user: args.value('u') });
  const shown = args.has('n') ? found.slice(-1) : args.has('o') ? found.slice(0, 1) : found;
  if (args.has('c')) await process.print(`${shown.length}\n`);
  else {
    for (const each of shown) {
      await process.print(`${each.pid}${args.has('a') || args.has('l') ? ` ${each.argv.join(' ')}` : ''}\n`);
    }
  }
  return shown.length > 0 ? 0 : 1;
});

const pkillOptions = program(GREP_FLAGS, async (process, args) => {
  const [pattern = ''] = args.operands;
  const signal = args.value('s') ?? 'TERM';
  if (signal !== '0' && parseSignal(signal) === undefined) return refuse(process, `unknown signal: ${signal}`, 2);
  const found = matching(process, pattern, { full: args.has('f'), exact: args.has('x'), user: args.value('u') });
  if (found.length === 0) return 1;
  const sent = sendSignals(process, ['-s', signal, ...found.map((each) => String(each.pid))]);
  for (const mistake of sent.mistakes) await refuse(process, mistake);
  return sent.exitCode;
});

/** `pkill -9 x` is `pkill --signal 9 x`. */
const pkill: Program = (process, args) =>
  pkillOptions(
    process,
    args.flatMap((arg) => (/^-(\d+|SIG[A-Z]+|[A-Z]{3,4}\d?)$/.test(arg) ? [`--signal=${arg.slice(1)}`] : [arg])),
  );

const killall: Program = (process, args) => pkill(process, ['-x', ...args.filter((arg) => arg !== '-q')]);

/** Nothing is written back to a disk here, so there is nothing to wait for. */
const sync: Program = () => Promise.resolve(0);

/** The programs about processes and time. */
export const PROCESSES: Readonly<Record<string, Program>> = { kill, killall, pgrep, pkill, ps, sleep, sync };
