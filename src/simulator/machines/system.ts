import type { Clock } from '../clock.ts';
import type { CloudInit } from './cloud-init/cloud-init.ts';
import type { FileTree } from './files/file-tree.ts';
import type { MachineSpec } from './machine.ts';
import type { FileLocks } from './processes/locks.ts';
import type { Process } from './processes/process.ts';
import type { ProcessTable } from './processes/process-table.ts';
import type { Program } from './processes/programs.ts';
import type { Journal } from './systemd/journal.ts';
import type { ServiceManager } from './systemd/service-manager.ts';

/** The operating system of a machine, from one boot to the next power-off: what every process can get at. */
export interface System {
  readonly spec: MachineSpec;
  readonly clock: Clock;
  readonly files: FileTree;
  readonly processes: ProcessTable;
  readonly programs: ReadonlyMap<string, Program>;
  readonly services: ServiceManager;
  readonly journal: Journal;
  readonly cloudInit: CloudInit;
  readonly locks: FileLocks;
  readonly bootId: string;
  /** Simulated milliseconds since the epoch. */
  readonly bootedAtMs: number;
  /** False once the power is cut: nothing is started any more. */
  readonly isOn: boolean;
  /** From 0 up to 1; derives from the machine's seed. */
  random(): number;
  /** Called when a process becomes a program: it is recorded, and a fault may make it fail at once, with this exit code. */
  beforeProgram(process: Process): Promise<number | undefined>;
  /** The simulator itself is wrong: nothing a machine's program does may come to this. */
  reportDefect(process: Process, error: unknown): void;
  /** What `reboot` on the machine does. */
  requestReboot(): void;
  /** What `shutdown -h` does: the machine is off, and nobody but the provider can switch it on. */
  requestPowerOff(): void;
}
