import type { Clock } from './clock.ts';
import { faultOf } from './faults/instance-faults.ts';
import { GPU_MODELS } from './gpu-models.ts';
import type { Instance } from './instance.ts';
import type { SimulatorLog } from './log.ts';
import type { Machine, MachineGpu, MachineSpec } from './machines/machine.ts';
import { derivedSeed } from './random.ts';
import type { Recorder } from './record.ts';

export type MachineFactory = (spec: MachineSpec) => Machine;

export interface MachineRoomOptions {
  readonly createMachine: MachineFactory;
  readonly clock: Clock;
  readonly seed: number;
  readonly sshPort: number;
  readonly recorder: Recorder;
  readonly log: SimulatorLog;
}

/** The machines that are switched on. Switching takes real time (a port opens or closes); each machine's switchings keep their order. */
export class MachineRoom {
  readonly #options: MachineRoomOptions;
  readonly #machines = new Map<string, Machine>();
  readonly #switching = new Map<string, Promise<void>>();

  #isClosed = false;

  constructor(options: MachineRoomOptions) {
    this.#options = options;
  }

  /** The machine of an instance, while it is switched on. */
  machine(instanceId: string): Machine | undefined {
    return this.#machines.get(instanceId);
  }

  powerOn(instance: Instance): void {
    if (this.#isClosed || this.#machines.has(instance.id)) return;
    const spec = this.#spec(instance);
    try {
      const machine = this.#options.createMachine(spec);
      this.#machines.set(instance.id, machine);
      this.#switch(instance.id, 'power on', () => machine.powerOn());
    } catch (error) {
      this.#broken(instance.id, 'making it', error);
    }
  }

  powerOff(instance: Instance): void {
    const machine = this.#machines.get(instance.id);
    if (machine === undefined) return;
    this.#machines.delete(instance.id);
    this.#switch(instance.id, 'power off', () => machine.powerOff());
  }

  reboot(instance: Instance): void {
    const machine = this.#machines.get(instance.id);
    if (machine !== undefined) this.#switch(instance.id, 'reboot', () => machine.reboot());
  }

  /** Resolves when no switching is under way. */
  async settled(): Promise<void> {
    while (this.#switching.size > 0) await Promise.all(this.#switching.values());
  }

  /** Switches everything off; nothing is switched on any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.settled();
    await Promise.all([...this.#machines.values()].map((machine) => machine.powerOff()));
    this.#machines.clear();
  }

  #switch(instanceId: string, what: string, task: () => Promise<void>): void {
    const { log } = this.#options;
    const before = this.#switching.get(instanceId) ?? Promise.resolve();
    const now: Promise<void> = before.then(task).then(
      () => log.info(`machine: ${what}`, { instanceId }),
      (error: unknown) => this.#broken(instanceId, what, error),
    );
    this.#switching.set(instanceId, now);
    const forget = (): void => {
      if (this.#switching.get(instanceId) === now) this.#switching.delete(instanceId);
    };
    now.then(forget, forget);
  }

  /** The cloud goes on without this machine, as a cloud does; the closing line says so. */
  #broken(instanceId: string, what: string, error: unknown): void {
    this.#options.recorder.breakdown(`machine of ${instanceId}: ${what} failed: ${String(error)}`);
    this.#options.log.error(`machine: ${what} failed`, { instanceId, error });
  }

  #spec(instance: Instance): MachineSpec {
    const { clock, seed, sshPort, recorder } = this.#options;
    const { order, address } = instance;
    if (address === undefined) throw new Error(`instance ${instance.id} has no address to be switched on at`);
    return {
      instanceId: instance.id,
      address,
      sshPort,
      hostname: order.hostname ?? address.replaceAll('.', '-'),
      region: order.region,
      instanceType: order.type.name,
      architecture: order.type.architecture === 'arm64' ? 'aarch64' : 'x86_64',
      gpus: gpusOf(instance, clock),
      withDriver: order.type.gpuModel !== undefined,
      authorizedKeys: order.authorizedKeys,
      ...(order.userData === undefined ? {} : { userData: order.userData }),
      faults: instance.machineFaults,
      clock,
      seed: derivedSeed(seed, 'machine', instance.launchNumber),
      log: recorder.machineLog(instance.id),
    };
  }
}

/** The hardware of an instance, from now on, with its faults. */
function gpusOf(instance: Instance, clock: Clock): readonly MachineGpu[] {
  const { faults, order, gpuUuids } = instance;
  const cuda = faultOf(faults, 'cuda-error');
  const wrong = faultOf(faults, 'wrong-gpus');
  const missing = faultOf(faults, 'gpus-missing')?.gpus ?? [];
  const model = wrong === undefined ? order.type.gpuModel : GPU_MODELS[wrong.model];
  if (model === undefined) return [];
  const recoversAt = clock.now() + (cuda?.recoversAfterMs ?? Infinity);
  const all = gpuUuids.map((uuid, index) => ({
    uuid,
    name: model.smiName,
    memoryMiB: model.memoryMiB,
    get cudaError() {
      if (cuda === undefined || cuda.gpus?.includes(index) === false || clock.now() >= recoversAt) return 0;
      return cuda.code;
    },
  }));
  return all.filter((_, index) => !missing.includes(index));
}
