import { readAll } from '../io/read-all.ts';
import { unlessAborted } from '../io/wait.ts';
import { openPath } from '../processes/open-path.ts';
import type { Process } from '../processes/process.ts';
import { findProgram, runNamed } from '../processes/programs.ts';
import type { Program } from '../processes/programs.ts';
import { KilledBySignal, parseSignal } from '../processes/signals.ts';
import type { SignalName } from '../processes/signals.ts';
import { findUser, ROOT_USER } from '../processes/users.ts';
import { parseDuration } from './durations.ts';
import { program, refuse } from './program-kit.ts';

/** Runs another program as a child and waits for it. A killed parent leaves it running, as on Linux. */
async function runChild(
  process: Process,
  argv: readonly string[],
  prepare?: (child: Process) => void,
): Promise<number> {
  const child = startChild(process, argv, prepare);
  return unlessAborted(child.exited, process.signal);
}

function startChild(process: Process, argv: readonly string[], prepare?: (child: Process) => void): Process {
  return process.system.processes.fork(process, {}, (child) => {
    prepare?.(child);
    return runNamed(child, argv);
  });
}

const nohup: Program = (process, args) => {
  process.ignored.add('HUP');
  return args.length === 0 ? refuse(process, 'missing operand', 125) : runNamed(process, args);
};

/** A session of its own. With a session leader as caller the real one forks; the effect is the same. */
const setsid = program(
  { flags: 'fwc', long: { fork: 'f', wait: 'w', ctty: 'c' }, prefix: true },
  async (process, args) => {
    if (args.operands.length === 0) return refuse(process, 'no command specified');
    if (!args.has('f')) {
      process.session = process.pid;
      return runNamed(process, args.operands);
    }
    startChild(process, args.operands, (child) => (child.session = child.pid));
    return 0;
  },
);

const nice = program({ valued: 'nc', flags: 't', prefix: true }, (process, args) => {
  // ionice's class and level may be separate words.
  const operands =
    args.operands[0] !== undefined && /^\d+$/.test(args.operands[0]) ? args.operands.slice(1) : args.operands;
  return runNamed(process, operands);
});

const env: Program = async (process, args) => {
  const values = new Map(process.env);
  let i = 0;
  for (; i < args.length; i += 1) {
    const arg = args[i] ?? '';
    const assignment = /^([A-Za-z_]\w*)=([\s\S]*)$/.exec(arg);
    if (arg === '-i' || arg === '-' || arg === '--ignore-environment') values.clear();
    else if (arg === '-u') values.delete(args[(i += 1)] ?? '');
    else if (arg.startsWith('--unset=')) values.delete(arg.slice('--unset='.length));
    else if (arg === '-S' || arg === '--') continue;
    else if (assignment !== null) values.set(assignment[1] ?? '', assignment[2] ?? '');
    else break;
  }
  if (i < args.length) {
    process.env = values;
    return runNamed(process, args.slice(i));
  }
  await process.print([...values].map(([name, value]) => `${name}=${value}\n`).join(''));
  return 0;
};

const printenv: Program = async (process, args) => {
  if (args.length === 0) return env(process, []);
  const values = args.flatMap((name) => process.env.get(name) ?? []);
  await process.print(values.map((value) => `${value}\n`).join(''));
  return values.length === args.length ? 0 : 1;
};

const which: Program = async (process, args) => {
  let exitCode = 0;
  for (const name of args.filter((arg) => !arg.startsWith('-'))) {
    const found = findProgram(process, name, process.env.get('PATH'));
    if (found.kind === 'found') await process.print(`${found.path}\n`);
    else exitCode = 1;
  }
  return exitCode;
};

/** Until nobody reads any more. */
const yes: Program = async (process, args) => {
  for (;;) await process.print(`${args.length === 0 ? 'y' : args.join(' ')}\n`.repeat(YES_LINES));
};

/** So many lines go out at once. */
const YES_LINES = 512;

/** What sudo lets through without -E (its default env_keep, shortened). */
const KEPT_BY_SUDO: ReadonlySet<string> = new Set(['TERM', 'LANG', 'DISPLAY', 'COLORTERM', 'TZ']);
const SUDO_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/snap/bin';

/** Password-less for ubuntu and root, as on Lambda's images; everybody else is asked for a password nobody can type. */
const sudo = program(
  {
    flags: 'nEHSkibvlK',
    valued: 'ugp',
    long: { 'preserve-env': 'E', user: 'u', 'non-interactive': 'n' },
    prefix: true,
  },
  async (process, args) => {
    const user = args.has('u') ? findUser((args.value('u') ?? '').replace(/^#/, '')) : ROOT_USER;
    if (user === undefined) return refuse(process, `unknown user ${args.value('u') ?? ''}`);
    if (process.user.uid !== 0 && process.user.name !== 'ubuntu') return refuse(process, 'a password is required');
    const assignments = args.operands.findIndex((word) => !/^[A-Za-z_]\w*=/.test(word));
    const words = assignments < 0 ? [] : args.operands.slice(assignments);
    const command = words.length > 0 ? words : args.has('i') || args.has('s') ? ['bash'] : [];
    if (command.length === 0)
      return args.has('v') || args.has('k') || args.has('l') ? 0 : refuse(process, 'usage: sudo command');
    const environment = new Map<string, string>();
    for (const [name, value] of process.env) {
      if (args.has('E') || KEPT_BY_SUDO.has(name)) environment.set(name, value);
    }
    for (const word of args.operands.slice(0, Math.max(0, assignments))) {
      const at = word.indexOf('=');
      environment.set(word.slice(0, at), word.slice(at + 1));
    }
    environment.set('PATH', SUDO_PATH);
    environment.set('HOME', user.home);
    environment.set('USER', user.name).set('LOGNAME', user.name).set('SHELL', '/bin/bash');
    environment.set('SUDO_USER', process.user.name).set('SUDO_UID', String(process.user.uid));
    environment.set('SUDO_COMMAND', command.join(' '));
    const login = args.has('i') && words.length > 0 ? ['bash', '-c', command.join(' ')] : command;
    const child = startChild(process, login, (forked) => {
      forked.user = user;
      forked.env = environment;
      if (args.has('i')) forked.cwd = user.home;
    });
    // sudo hands signals on to what it runs.
    for (const signal of ['TERM', 'INT', 'HUP'] as const) process.handlers.set(signal, () => child.deliver(signal));
    return unlessAborted(child.exited, process.signal);
  },
);

const su = program({ flags: 'l-', valued: 'cs', long: { login: 'l', command: 'c' } }, async (process, args) => {
  const user = findUser(args.operands.find((word) => word !== '-') ?? 'root');
  if (user === undefined) return refuse(process, 'user does not exist');
  if (process.user.uid !== 0) return refuse(process, 'Authentication failure');
  const command = args.value('c');
  return runChild(process, command === undefined ? ['bash'] : ['bash', '-c', command], (child) => {
    child.user = user;
    child.env.set('HOME', user.home).set('USER', user.name).set('LOGNAME', user.name);
  });
});

const TIMED_OUT = 124;

const timeout = program(
  {
    flags: 'v',
    valued: 'ks',
    long: { signal: 's', 'kill-after': 'k', 'preserve-status': 'v', foreground: 'v' },
    prefix: true,
  },
  async (process, args) => {
    const [duration = '', ...command] = args.operands;
    const limitMs = parseDuration(duration);
    const signal = parseSignal(args.value('s') ?? 'TERM');
    if (limitMs === undefined || command.length === 0)
      return refuse(process, `invalid time interval '${duration}'`, 125);
    if (signal === undefined) return refuse(process, `${args.value('s') ?? ''}: invalid signal`, 125);
    // A group of its own, which the signal goes to: a shell's children end with it.
    process.session = process.pid;
    const child = startChild(process, command);
    for (const name of ['TERM', 'INT', 'HUP'] as const) process.handlers.set(name, () => sendToGroup(process, name));
    const limit = { passed: false };
    const { clock } = process.system;
    const cancels = [
      clock.after(limitMs === 0 ? Number.MAX_SAFE_INTEGER : limitMs, () => {
        limit.passed = true;
        sendToGroup(process, signal);
        const killAfter = parseDuration(args.value('k') ?? '');
        if (killAfter !== undefined) cancels.push(clock.after(killAfter, () => sendToGroup(process, 'KILL')));
      }),
    ];
    try {
      const status = await unlessAborted(child.exited, process.signal);
      if (!limit.passed || args.has('v')) return status;
      return status === new KilledBySignal('KILL').exitCode ? status : TIMED_OUT;
    } finally {
      for (const cancel of cancels) cancel();
    }
  },
);

function sendToGroup(leader: Process, signal: SignalName): void {
  for (const process of leader.system.processes.running) {
    if (process.session === leader.session && process !== leader) process.deliver(signal);
  }
}

/** Locks held on a machine, by inode number. A descriptor's lock is its holder's until the process ends. */
const flock = program(
  {
    flags: 'nxseuo',
    valued: 'wcE',
    long: {
      nonblock: 'n',
      nb: 'n',
      exclusive: 'x',
      shared: 's',
      wait: 'w',
      timeout: 'w',
      unlock: 'u',
      close: 'o',
      command: 'c',
      'conflict-exit-code': 'E',
    },
    prefix: true,
  },
  async (process, args) => {
    const [target = '', ...rest] = args.operands;
    const { locks } = process.system;
    const byDescriptor = /^\d+$/.test(target) && rest.length === 0 && !args.has('c');
    if (!byDescriptor && !process.system.files.exists(process.resolve(target), process.who)) {
      openPath(process, target, { write: true, create: true }).release();
    }
    const file = byDescriptor ? process.files.get(Number(target)) : openPath(process, target, { read: true });
    if (file === undefined) return refuse(process, `${target}: Bad file descriptor`);
    if (args.has('u')) {
      locks.release(file);
      return 0;
    }
    const conflict = Number(args.value('E') ?? '1');
    const waitMs = args.has('n') ? 0 : args.has('w') ? (parseDuration(args.value('w') ?? '') ?? 0) : undefined;
    try {
      if (!(await locks.take(file, waitMs, process.signal))) return conflict;
      if (byDescriptor) return 0;
      const command = rest[0] === '-c' ? ['bash', '-c', rest[1] ?? ''] : rest;
      return await runChild(process, args.has('c') ? ['bash', '-c', args.value('c') ?? ''] : command);
    } finally {
      if (!byDescriptor) {
        locks.release(file);
        file.release();
      }
    }
  },
);

const xargs = program(
  {
    flags: 'r0tx',
    valued: 'nILPds',
    long: { 'no-run-if-empty': 'r', null: '0', 'max-args': 'n', replace: 'I', 'max-procs': 'P' },
    prefix: true,
  },
  async (process, args) => {
    const input = await readAll(process.file(0), process.signal);
    const replace = args.value('I');
    const items = itemsOf(input, args.has('0') ? '\0' : replace === undefined ? undefined : '\n');
    const command = args.operands.length === 0 ? ['echo'] : args.operands;
    if (items.length === 0 && (args.has('r') || replace !== undefined)) return 0;
    let exitCode = 0;
    const size = replace === undefined ? Number(args.value('n') ?? args.value('L') ?? Infinity) : 1;
    for (let i = 0; i === 0 || i < items.length; i += size) {
      const batch = items.slice(i, i + size);
      const argv =
        replace === undefined
          ? [...command, ...batch]
          : command.map((word) => word.replaceAll(replace, batch[0] ?? ''));
      const status = await runChild(process, argv);
      if (status === 127 || status === 126) return status;
      if (status !== 0) exitCode = 123;
    }
    return exitCode;
  },
);

function itemsOf(input: string, delimiter: string | undefined): string[] {
  if (delimiter !== undefined) return input.split(delimiter).filter((item) => item !== '');
  return (input.match(/(?:"[^"]*"|'[^']*'|\\.|[^\s"'\\])+/g) ?? []).map((item) =>
    item.replace(
      /"([^"]*)"|'([^']*)'|\\(.)/g,
      (_, double?: string, single?: string, char?: string) => double ?? single ?? char ?? '',
    ),
  );
}

const time: Program = (process, args) =>
  runNamed(
    process,
    args.filter((arg, index) => index > 0 || arg !== '-p'),
  );

/** The programs whose work is to run another program. */
export const RUN_OTHERS: Readonly<Record<string, Program>> = {
  env,
  flock,
  ionice: nice,
  nice,
  nohup,
  printenv,
  setsid,
  stdbuf: program({ valued: 'ioe', prefix: true }, (process, args) => runNamed(process, args.operands)),
  su,
  sudo,
  time,
  timeout,
  which,
  xargs,
  yes,
};
