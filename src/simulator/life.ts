import { DEFAULT_BOOT_MODEL } from './boot-model.ts';
import type { Cancel, Clock } from './clock.ts';
import { faultOf } from './faults/instance-faults.ts';
import type { Instance } from './instance.ts';

/** What an instance's life touches outside itself. */
export interface Surroundings {
  readonly clock: Clock;
  takeAddress(): string;
  /** Switches the instance's machine on; it has its address by then. */
  powerOn(instance: Instance): void;
  powerOff(instance: Instance): void;
  reboot(instance: Instance): void;
  /** The instance is terminated or preempted: its place in the offering and its address are free again. */
  release(instance: Instance): void;
}

/** Runs instances through their lives: boot, turns for the worse, and the end, each at its simulated time. */
export class Life {
  readonly #around: Surroundings;
  readonly #restartMs: number;
  readonly #pending = new Map<Instance, Cancel[]>();

  constructor(around: Surroundings, restartMs = DEFAULT_BOOT_MODEL.restartMs) {
    this.#around = around;
    this.#restartMs = restartMs;
  }

  begin(instance: Instance): void {
    const { faults, times } = instance;
    const timetable = faultOf(faults, 'boots');
    const activeMs = timetable?.activeAfterMs ?? times.activeMs;
    const address = faultOf(faults, 'address');
    if (address === undefined) {
      this.#later(instance, timetable?.addressAfterMs ?? times.addressMs, () => this.#assignAddress(instance));
    }

    const ends = faultOf(faults, 'ends');
    if (ends !== undefined) {
      const by = ends.as === 'preempted' ? 'preempted' : 'console';
      this.#later(instance, ends.afterMs, () => this.end(instance, ends.as, by));
    }

    if (faultOf(faults, 'stuck-booting') !== undefined) return;
    const unhealthy = faultOf(faults, 'unhealthy');
    if (unhealthy === undefined) {
      this.#later(instance, activeMs, () => this.#becomeActive(instance));
      return;
    }
    this.#later(instance, activeMs, () => instance.become('unhealthy', this.#around.clock.now()));
    if (unhealthy.recoversAfterMs !== undefined) {
      this.#later(instance, activeMs + unhealthy.recoversAfterMs, () => this.#becomeActive(instance));
    }
  }

  /** The terminate call took effect: the machine goes off at once, the word `terminated` comes later. */
  terminate(instance: Instance): void {
    const stuck = faultOf(instance.faults, 'stuck-terminating');
    instance.terminateRequestedAt ??= this.#around.clock.now();
    this.#forget(instance);
    instance.become('terminating', this.#around.clock.now());
    this.#around.powerOff(instance);
    if (stuck !== undefined && stuck.forMs === undefined) return;
    this.#later(instance, stuck?.forMs ?? instance.times.terminationMs, () => this.end(instance, 'terminated', 'api'));
  }

  /** It is over, by whoever's hand. Idempotent. */
  end(instance: Instance, as: 'terminated' | 'preempted', by: NonNullable<Instance['endedBy']>): void {
    if (instance.isEnded) return;
    this.#forget(instance);
    instance.become(as, this.#around.clock.now());
    instance.endedAt = this.#around.clock.now();
    instance.endedBy = by;
    this.#around.powerOff(instance);
    this.#around.release(instance);
  }

  restart(instance: Instance): void {
    instance.busyUntil = this.#around.clock.now() + this.#restartMs;
    this.#around.reboot(instance);
  }

  #becomeActive(instance: Instance): void {
    const { clock } = this.#around;
    const { faults } = instance;
    const address = faultOf(faults, 'address');
    if (address?.when === 'with-active') this.#assignAddress(instance);
    if (address?.when === 'after-active') {
      this.#later(instance, address.afterActiveMs ?? 0, () => this.#assignAddress(instance));
    }
    const recovered = instance.status === 'unhealthy';
    instance.become('active', clock.now());
    if (recovered && instance.address !== undefined) this.#around.powerOn(instance);

    const turns = faultOf(faults, 'turns-unhealthy');
    if (turns === undefined || recovered) return;
    this.#later(instance, turns.afterActiveMs, () => instance.become('unhealthy', clock.now()));
    if (turns.recoversAfterMs !== undefined) {
      this.#later(instance, turns.afterActiveMs + turns.recoversAfterMs, () => instance.become('active', clock.now()));
    }
  }

  #assignAddress(instance: Instance): void {
    if (instance.address !== undefined) return;
    instance.address = this.#around.takeAddress();
    const cause = faultOf(instance.faults, 'stuck-booting') ?? faultOf(instance.faults, 'unhealthy');
    if (cause === undefined || cause.ssh === true || instance.status === 'active') this.#around.powerOn(instance);
  }

  #later(instance: Instance, ms: number, task: () => void): void {
    const pending = this.#pending.get(instance) ?? [];
    pending.push(this.#around.clock.after(ms, task));
    this.#pending.set(instance, pending);
  }

  /** Nothing of what was to happen to it will. */
  #forget(instance: Instance): void {
    for (const cancel of this.#pending.get(instance) ?? []) cancel();
    this.#pending.delete(instance);
  }
}
