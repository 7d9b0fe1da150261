import type { Machine, MachineSpec } from './machines/machine.ts';

/** A machine that is not there: nothing answers at its address. For simulations that only look at the API. */
export function absentMachine(spec: MachineSpec): Machine {
  return {
    spec,
    bootId: '00000000-0000-0000-0000-000000000000',
    powerOn: () => Promise.resolve(),
    powerOff: () => Promise.resolve(),
    reboot: () => Promise.resolve(),
    readFile: () => Promise.resolve(undefined),
    processes: () => [],
  };
}
