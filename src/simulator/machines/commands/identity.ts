import { findUser, groupName, userName, USERS } from '../processes/users.ts';
import type { Process } from '../processes/process.ts';
import type { Program } from '../processes/programs.ts';
import { formatTime } from './format-time.ts';
import { parseDuration } from './durations.ts';
import { program, refuse } from './program-kit.ts';

export const KERNEL_RELEASE = '6.8.0-60-generic';

function printing(text: (process: Process) => string): Program {
  return async (process) => {
    await process.print(`${text(process)}\n`);
    return 0;
  };
}

const id = program(
  { flags: 'ungGr', long: { user: 'u', name: 'n', group: 'g', groups: 'G' } },
  async (process, args) => {
    const user = args.operands[0] === undefined ? process.user : findUser(args.operands[0]);
    if (user === undefined) return refuse(process, `'${args.operands[0] ?? ''}': no such user`);
    const group = args.has('n') ? groupName(user.gid) : String(user.gid);
    if (args.has('u')) await process.print(`${args.has('n') ? user.name : user.uid}\n`);
    else if (args.has('g') || args.has('G')) await process.print(`${group}\n`);
    else {
      const groups = `${user.gid}(${groupName(user.gid)})`;
      await process.print(`uid=${user.uid}(${user.name}) gid=${groups} groups=${groups}\n`);
    }
    return 0;
  },
);

const uname = program(
  { flags: 'amrsnvpio', long: { machine: 'm', 'kernel-release': 'r', 'kernel-name': 's', all: 'a' } },
  async (process, args) => {
    const { spec } = process.system;
    const parts: readonly (readonly [letter: string, value: string])[] = [
      ['s', 'Linux'],
      ['n', spec.hostname],
      ['r', KERNEL_RELEASE],
      ['v', '#63-Ubuntu SMP'],
      ['m', spec.architecture],
      ['p', spec.architecture],
      ['i', spec.architecture],
      ['o', 'GNU/Linux'],
    ];
    const wanted = parts.filter(([letter]) => args.has(letter) || args.has('a'));
    await process.print(`${(wanted.length === 0 ? parts.slice(0, 1) : wanted).map(([, value]) => value).join(' ')}\n`);
    return 0;
  },
);

const date: Program = async (process, args) => {
  const { clock, files } = process.system;
  const at = args.findIndex((arg) => arg === '-d' || arg === '-r');
  const given =
    args.find((arg) => arg.startsWith('--date='))?.slice('--date='.length) ?? (at < 0 ? undefined : args[at + 1]);
  let time: number | undefined = clock.now();
  if (given !== undefined) {
    time = args[at] === '-r' ? files.stat(process.resolve(given), process.who).mtimeMs : parseDate(given, clock.now());
  }
  if (time === undefined) return refuse(process, `invalid date '${given ?? ''}'`);
  const iso = args.find((arg) => /^(-I|--iso-8601)/.test(arg));
  const format = args.find((arg) => arg.startsWith('+'))?.slice(1);
  await process.print(`${formatTime(format ?? isoFormat(iso) ?? '%a %b %e %T UTC %Y', time)}\n`);
  return 0;
};

function isoFormat(option: string | undefined): string | undefined {
  if (option === undefined) return undefined;
  return option.endsWith('seconds') || option.endsWith('s') ? '%FT%T+00:00' : '%F';
}

/** `@seconds`, ISO 8601, `now`, and `5 minutes ago` or `+5 minutes`. */
function parseDate(text: string, nowMs: number): number | undefined {
  if (text.startsWith('@')) return Number(text.slice(1)) * 1000;
  if (text === 'now') return nowMs;
  const relative = /^([-+]?)(\d+) ?(s|m|h|d)\w*( ago)?$/.exec(text);
  if (relative !== null) {
    const ms = parseDuration(`${relative[2] ?? ''}${relative[3] ?? ''}`) ?? 0;
    return nowMs + (relative[4] !== undefined || relative[1] === '-' ? -ms : ms);
  }
  const parsed = Date.parse(/\d{2}:\d{2}/.test(text) && !/(Z|[-+]\d{2}:?\d{2})$/.test(text) ? `${text}Z` : text);
  return Number.isNaN(parsed) ? undefined : parsed;
}

const hostname: Program = async (process, args) => {
  const { hostname: name, address } = process.system.spec;
  if (args.includes('-I') || args.includes('-i')) await process.print(`${address}\n`);
  else await process.print(`${args.includes('-s') ? (name.split('.')[0] ?? name) : name}\n`);
  return 0;
};

const getent = program({}, async (process, args) => {
  const [database, ...keys] = args.operands;
  if (database === 'passwd') {
    const found = keys.length === 0 ? USERS : keys.flatMap((key) => findUser(key) ?? []);
    for (const user of found) {
      await process.print(`${user.name}:x:${user.uid}:${user.gid}::${user.home}:/bin/bash\n`);
    }
    return found.length > 0 ? 0 : 2;
  }
  if (database === 'hosts' && keys[0] === process.system.spec.hostname) {
    await process.print(`${process.system.spec.address} ${keys[0]}\n`);
    return 0;
  }
  return 2;
});

const uptime = program({ flags: 'ps' }, async (process, args) => {
  const { clock, bootedAtMs } = process.system;
  const since = formatTime('%F %T', bootedAtMs);
  const minutes = Math.floor((clock.now() - bootedAtMs) / 60_000);
  await process.print(
    args.has('s')
      ? `${since}\n`
      : `${formatTime(' %T', clock.now())} up ${minutes} min,  load average: 0.10, 0.10, 0.10\n`,
  );
  return 0;
});

/** The programs that tell who, where and when. */
export const IDENTITY: Readonly<Record<string, Program>> = {
  arch: printing((process) => process.system.spec.architecture),
  date,
  getent,
  groups: printing((process) => userName(process.user.uid)),
  hostname,
  id,
  nproc: printing(() => '26'),
  uname,
  uptime,
  whoami: printing((process) => process.user.name),
};
