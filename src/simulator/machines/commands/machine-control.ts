import type { Process } from '../processes/process.ts';
import type { Program } from '../processes/programs.ts';
import { program, refuse } from './program-kit.ts';

function asRoot(action: (process: Process, args: readonly string[]) => void): Program {
  return async (process, args) => {
    if (process.user.uid !== 0) return refuse(process, 'must be superuser (interactive authentication required)');
    action(process, args);
    // The power goes: nothing after this line runs.
    await process.system.clock.sleep(Number.MAX_SAFE_INTEGER, process.signal);
    return 0;
  };
}

const shutdown = asRoot((process, args) => {
  if (args.includes('-r')) process.system.requestReboot();
  else process.system.requestPowerOff();
});

const logger = program({ valued: 't', flags: 'si' }, async (process, args) => {
  const { journal, bootId } = process.system;
  const identifier = args.value('t') ?? process.user.name;
  journal.add({ unit: '', identifier, pid: process.pid, message: args.operands.join(' '), bootId });
  return Promise.resolve(0);
});

const dmesg: Program = async (process) => {
  await process.print('[    0.000000] Linux version 6.8.0-60-generic (simulated)\n');
  return 0;
};

const df: Program = async (process) => {
  await process.print(
    'Filesystem     1K-blocks     Used  Available Use% Mounted on\n/dev/vda1     2840358560 23154632 2817187544   1% /\n',
  );
  return 0;
};

const free: Program = async (process) => {
  await process.print(
    '               total        used        free      shared  buff/cache   available\nMem:       231990648     2014212   228734304        4308     1242132   228201920\nSwap:              0           0           0\n',
  );
  return 0;
};

/** What is about the machine itself. */
export const MACHINE_CONTROL: Readonly<Record<string, Program>> = {
  df,
  dmesg,
  free,
  logger,
  poweroff: asRoot((process) => process.system.requestPowerOff()),
  reboot: asRoot((process) => process.system.requestReboot()),
  shutdown,
};
