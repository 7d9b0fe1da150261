import { createHash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { CloudInit } from './cloud-init/cloud-init.ts';
import { failingCommand } from './failing-commands.ts';
import type { CommandFailures } from './failing-commands.ts';
import { PROGRAMS } from './commands/programs.ts';
import type { FileTree } from './files/file-tree.ts';
import { prepareForBoot } from './files/image.ts';
import type { MachineSpec } from './machine.ts';
import { FileLocks } from './processes/locks.ts';
import type { Process } from './processes/process.ts';
import { ProcessTable } from './processes/process-table.ts';
import type { Program } from './processes/programs.ts';
import type { Journal } from './systemd/journal.ts';
import { ServiceManager } from './systemd/service-manager.ts';
import type { System } from './system.ts';

/** What of a machine is there before and after a boot, and what a boot may ask of it. */
export interface Hardware {
  readonly spec: MachineSpec;
  readonly files: FileTree;
  readonly journal: Journal;
  readonly failures: CommandFailures;
  reboot(): void;
  powerOff(): void;
}

/** One boot of a machine: its operating system, until the power goes. */
export class Boot implements System {
  readonly spec: MachineSpec;
  readonly clock: Clock;
  readonly files: FileTree;
  readonly journal: Journal;
  readonly programs: ReadonlyMap<string, Program> = PROGRAMS;
  readonly processes: ProcessTable;
  readonly services: ServiceManager;
  readonly cloudInit: CloudInit;
  readonly locks: FileLocks;
  readonly bootId: string;
  readonly bootedAtMs: number;
  isOn = true;
  readonly #hardware: Hardware;
  #random: number;

  /** @param number how many times the machine was switched on, this time included */
  constructor(hardware: Hardware, number: number) {
    const { spec } = hardware;
    this.#hardware = hardware;
    this.spec = spec;
    this.clock = spec.clock;
    this.files = hardware.files;
    this.journal = hardware.journal;
    this.bootedAtMs = spec.clock.now();
    this.bootId = uuidOf(`boot ${spec.seed} ${number}`);
    this.#random = createHash('sha256').update(`random ${spec.seed} ${number}`).digest().readUInt32LE();
    this.locks = new FileLocks(spec.clock);
    this.processes = new ProcessTable(this);
    prepareForBoot(this.files, this);
    this.services = new ServiceManager(this);
    this.cloudInit = new CloudInit(this);
  }

  /** The power is cut. */
  end(): void {
    this.isOn = false;
    this.processes.killAll();
  }

  random(): number {
    // mulberry32
    this.#random = (this.#random + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#random ^ (this.#random >>> 15), 1 | this.#random);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  async beforeProgram(process: Process): Promise<number | undefined> {
    this.spec.log.process({ argv: process.argv });
    const failure = failingCommand(this.#hardware.failures, process.argv.join(' '));
    if (failure === undefined) return undefined;
    await process.print(failure.stderr, 2);
    return failure.exitCode;
  }

  reportDefect(process: Process, error: unknown): void {
    const message = `defect of the simulator in '${process.argv.join(' ')}': ${String(error)}`;
    this.journal.add({ unit: '', identifier: 'simulator', pid: process.pid, message, bootId: this.bootId });
  }

  requestReboot(): void {
    this.#hardware.reboot();
  }

  requestPowerOff(): void {
    this.#hardware.powerOff();
  }
}

function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  );
}
