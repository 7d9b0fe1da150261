import type { Process } from '../processes/process.ts';
import type { Program } from '../processes/programs.ts';
import { formatTime } from '../commands/format-time.ts';
import { program, refuse } from '../commands/program-kit.ts';
import type { Service } from './service.ts';
import { unitName } from './service-manager.ts';

const NOT_FOUND = 5;
const INACTIVE = 3;
const UNKNOWN_UNIT = 4;
/** What a user without root's rights is told. */
const NEEDS_ROOT = 'Interactive authentication required.';

type Verb = (process: Process, services: readonly Service[], flags: Flags) => Promise<number>;

interface Flags {
  readonly now: boolean;
  readonly quiet: boolean;
  readonly properties: readonly string[];
  readonly value: boolean;
}

async function start(process: Process, services: readonly Service[]): Promise<number> {
  for (const service of services) {
    const { name } = service.unit;
    const started = await service.start();
    if (started.ok) continue;
    await process.print(
      `Job for ${name} failed because of ${service.result}.\nSee "systemctl status ${name}" and "journalctl -xeu ${name}" for details.\n`,
      2,
    );
    return 1;
  }
  return 0;
}

async function stop(_process: Process, services: readonly Service[]): Promise<number> {
  for (const service of services) await service.stop();
  return 0;
}

async function restart(process: Process, services: readonly Service[]): Promise<number> {
  await stop(process, services);
  return start(process, services);
}

async function enable(process: Process, services: readonly Service[], flags: Flags): Promise<number> {
  for (const service of services) {
    const links = process.system.services.enable(service.unit);
    if (links.length === 0) {
      await process.print('The unit files have no installation config (WantedBy=): nothing to enable.\n', 2);
    }
    for (const link of links) {
      await process.print(`Created symlink ${link} → /etc/systemd/system/${service.unit.name}.\n`, 2);
    }
  }
  return flags.now ? start(process, services) : 0;
}

async function disable(process: Process, services: readonly Service[], flags: Flags): Promise<number> {
  for (const service of services) process.system.services.disable(service.unit.name);
  return flags.now ? stop(process, services) : 0;
}

async function isActive(process: Process, services: readonly Service[], flags: Flags): Promise<number> {
  for (const service of services) if (!flags.quiet) await process.print(`${service.state}\n`);
  return services.some((service) => service.state === 'active') ? 0 : INACTIVE;
}

async function isFailed(process: Process, services: readonly Service[], flags: Flags): Promise<number> {
  for (const service of services) if (!flags.quiet) await process.print(`${service.state}\n`);
  return services.some((service) => service.state === 'failed') ? 0 : 1;
}

async function isEnabled(process: Process, services: readonly Service[], flags: Flags): Promise<number> {
  const states = services.map((service) => process.system.services.isEnabled(service.unit.name));
  for (const state of states) if (!flags.quiet) await process.print(state ? 'enabled\n' : 'disabled\n');
  return states.some((state) => state) ? 0 : 1;
}

async function status(process: Process, services: readonly Service[]): Promise<number> {
  const { system } = process;
  for (const service of services) {
    const { unit } = service;
    const enabled = system.services.isEnabled(unit.name) ? 'enabled' : 'disabled';
    const since =
      service.activeSinceMs === undefined ? '' : ` since ${formatTime('%a %F %T UTC', service.activeSinceMs)}`;
    const lines = [
      `${service.state === 'active' ? '●' : service.state === 'failed' ? '×' : '○'} ${unit.name} - ${unit.description}`,
      `     Loaded: loaded (/etc/systemd/system/${unit.name}; ${enabled}; vendor preset: enabled)`,
      `     Active: ${service.state} (${service.subState})${since}`,
      ...(service.mainPid === 0 ? [] : [`   Main PID: ${service.mainPid}`]),
      '',
      ...system.journal
        .lines(unit.name)
        .slice(-10)
        .map((line) => journalText(line, system.spec.hostname)),
    ];
    await process.print(`${lines.join('\n')}\n`);
  }
  return services.every((service) => service.state === 'active') ? 0 : INACTIVE;
}

export function journalText(
  line: { readonly timeMs: number; readonly identifier: string; readonly pid: number; readonly message: string },
  host: string,
): string {
  const pid = line.pid === 0 ? '' : `[${line.pid}]`;
  return `${formatTime('%b %d %T', line.timeMs)} ${host} ${line.identifier}${pid}: ${line.message}`;
}

async function show(process: Process, services: readonly Service[], flags: Flags): Promise<number> {
  for (const service of services) {
    const all: Readonly<Record<string, string>> = {
      Id: service.unit.name,
      Description: service.unit.description,
      LoadState: 'loaded',
      ActiveState: service.state,
      SubState: service.subState,
      Result: service.result,
      MainPID: String(service.mainPid),
      ExecMainStatus: String(service.exitCode),
      ExecMainPID: String(service.mainPid),
      NRestarts: String(service.restarts),
      Restart: service.unit.restart,
      UnitFileState: process.system.services.isEnabled(service.unit.name) ? 'enabled' : 'disabled',
      FragmentPath: `/etc/systemd/system/${service.unit.name}`,
      ActiveEnterTimestamp:
        service.activeSinceMs === undefined ? '' : formatTime('%a %F %T UTC', service.activeSinceMs),
      InvocationID: process.system.bootId.replaceAll('-', ''),
    };
    const wanted = flags.properties.length > 0 ? flags.properties : Object.keys(all);
    for (const name of wanted) {
      const value = all[name];
      if (value !== undefined) await process.print(flags.value ? `${value}\n` : `${name}=${value}\n`);
    }
  }
  return 0;
}

async function cat(process: Process, services: readonly Service[]): Promise<number> {
  for (const { unit } of services) {
    const path = `/etc/systemd/system/${unit.name}`;
    await process.print(`# ${path}\n${Buffer.from(process.system.files.readFile(path, process.who)).toString('utf8')}`);
  }
  return 0;
}

function resetFailed(_process: Process, services: readonly Service[]): Promise<number> {
  for (const service of services) service.forgetFailures();
  return Promise.resolve(0);
}

const CHANGING: Readonly<Record<string, Verb>> = {
  start,
  stop,
  restart,
  'try-restart': restart,
  'reload-or-restart': restart,
  enable,
  disable,
  'reset-failed': resetFailed,
};
const TELLING: Readonly<Record<string, Verb>> = {
  'is-active': isActive,
  'is-failed': isFailed,
  'is-enabled': isEnabled,
  status,
  show,
  cat,
};

/** `systemctl`. Verbs that change something need root. */
export const systemctl: Program = program(
  {
    flags: 'qlNra',
    valued: 'pont',
    long: {
      now: 'N',
      quiet: 'q',
      property: 'p',
      value: 'r',
      'no-pager': 'l',
      'no-block': 'l',
      all: 'a',
      full: 'l',
      lines: 'n',
      output: 'o',
      type: 't',
      plain: 'l',
      'no-legend': 'l',
      force: 'l',
    },
  },
  async (process, args) => {
    const [verb = 'list-units', ...names] = args.operands;
    const { services } = process.system;
    if (verb === 'is-system-running') {
      await process.print('running\n');
      return 0;
    }
    if (verb === 'list-units' || verb === 'list-unit-files') {
      for (const service of services.all()) {
        await process.print(
          `${service.unit.name} loaded ${service.state} ${service.subState} ${service.unit.description}\n`,
        );
      }
      return 0;
    }
    const changes = CHANGING[verb];
    const isRoot = process.user.uid === 0;
    if (!isRoot && (changes !== undefined || ['daemon-reload', 'reboot', 'poweroff'].includes(verb))) {
      return process.fail(`Failed to ${verb}: ${NEEDS_ROOT}`);
    }
    if (verb === 'daemon-reload') {
      services.reload();
      return 0;
    }
    if (verb === 'reboot' || verb === 'poweroff') {
      if (verb === 'reboot') process.system.requestReboot();
      else process.system.requestPowerOff();
      return 0;
    }
    const run = changes ?? TELLING[verb];
    if (run === undefined) return refuse(process, `Unknown command verb ${verb}.`);
    const found: Service[] = [];
    for (const name of names.map(unitName)) {
      const service = services.find(name);
      if (service === undefined) return unknownUnit(process, verb, name, args.has('q'));
      found.push(service);
    }
    return run(process, found, {
      now: args.has('N'),
      quiet: args.has('q'),
      properties: args.values('p').flatMap((list) => list.split(',')),
      value: args.has('r'),
    });
  },
);

async function unknownUnit(process: Process, verb: string, name: string, quiet: boolean): Promise<number> {
  if (verb === 'is-active') {
    if (!quiet) await process.print('inactive\n');
    return INACTIVE;
  }
  if (verb === 'show') {
    await process.print(`Id=${name}\nLoadState=not-found\nActiveState=inactive\nSubState=dead\nMainPID=0\n`);
    return 0;
  }
  if (verb === 'status') return process.fail(`Unit ${name} could not be found.`, UNKNOWN_UNIT);
  const [action] = verb.split('-');
  return process.fail(
    `Failed to ${action ?? verb} ${name}: Unit ${name} not found.`,
    verb === 'enable' ? 1 : NOT_FOUND,
  );
}
