import { objectId, type Account } from './account.ts';
import type { AddressBook } from './addresses.ts';
import { drawBootTimes, type BootModel } from './boot-model.ts';
import type { Capacity } from './capacity.ts';
import type { Clock } from './clock.ts';
import type { FaultEngine } from './faults/engine.ts';
import { faultOf, type LaterInstanceFault } from './faults/instance-faults.ts';
import { Instance, type LaunchOrder } from './instance.ts';
import { Life } from './life.ts';
import type { MachineRoom } from './machine-room.ts';
import { seededRandom } from './random.ts';
import type { Recorder } from './record.ts';
import { isVisible, statusSeen, type AfterEnd } from './visibility.ts';

/** An instance as one read shows it. */
export interface Sighting {
  readonly instance: Instance;
  readonly status: string;
}

export type LaunchOutcome =
  | { readonly kind: 'launched'; readonly instance: Instance }
  | { readonly kind: 'no-capacity' }
  | { readonly kind: 'over-quota' };

export type TerminateOutcome =
  /** It is terminating now, or was already. */
  | { readonly kind: 'terminating'; readonly instance: Instance; readonly isFirst: boolean }
  /** The answer will not name it, and nothing happened. */
  | { readonly kind: 'not-applied' }
  | { readonly kind: 'refused'; readonly status: number; readonly code: string }
  | { readonly kind: 'not-found' };

export interface CloudParts {
  readonly clock: Clock;
  readonly seed: number;
  readonly bootModel: BootModel;
  readonly afterEnd: AfterEnd;
  readonly capacity: Capacity;
  readonly addresses: AddressBook;
  readonly faults: FaultEngine;
  readonly machines: MachineRoom;
  readonly recorder: Recorder;
}

/** The cloud behind the API: what exists, what fits, what becomes of it. Knows nothing of HTTP. */
export class Cloud {
  readonly #parts: CloudParts;
  readonly #instances = new Map<string, Instance>();
  readonly #life: Life;

  constructor(parts: CloudParts) {
    this.#parts = parts;
    this.#life = new Life(
      {
        clock: parts.clock,
        takeAddress: () => parts.addresses.take(),
        powerOn: (instance) => parts.machines.powerOn(instance),
        powerOff: (instance) => parts.machines.powerOff(instance),
        reboot: (instance) => parts.machines.reboot(instance),
        release: (instance) => this.#release(instance),
      },
      parts.bootModel.restartMs,
    );
  }

  /** Never deduplicates: the same order twice is two instances (§8.6). */
  launch(account: Account, order: LaunchOrder): LaunchOutcome {
    const { clock, seed, bootModel, capacity, faults, recorder } = this.#parts;
    if (this.#living(account) >= account.quota) return { kind: 'over-quota' };
    const place = capacity.take(order.type.name, order.region);
    if (place === undefined) return { kind: 'no-capacity' };

    const launchNumber = this.#instances.size + 1;
    const random = seededRandom(seed, 'launch', launchNumber);
    const fate = faults.onLaunch({
      number: launchNumber,
      type: order.type.name,
      region: order.region,
      name: order.name,
    });
    const instance = new Instance({
      id: objectId(seed, 'instance', launchNumber),
      account: account.name,
      launchNumber,
      order,
      place,
      times: drawBootTimes(bootModel, order.type.gpus, random),
      faults: fate.instance,
      machineFaults: fate.machine,
      acceptedAt: clock.now(),
      gpuUuids: this.#gpusAt(order, place),
      jupyterToken: random.hex(32),
    });
    this.#instances.set(instance.id, instance);
    recorder.instance(instance);
    this.#life.begin(instance);
    return { kind: 'launched', instance };
  }

  /** What the list shows of the account's instances, newest first. */
  list(account: Account): readonly Sighting[] {
    const sightings: Sighting[] = [];
    for (const instance of this.#instances.values()) {
      const status = instance.account === account.name ? this.#statusSeen(instance, 'list') : undefined;
      if (status !== undefined) sightings.push({ instance, status });
    }
    return sightings.reverse();
  }

  /** What get shows. */
  get(account: Account, id: string): Sighting | undefined {
    const instance = this.#owned(account, id);
    if (instance === undefined) return undefined;
    const status = this.#statusSeen(instance, 'get');
    return status === undefined ? undefined : { instance, status };
  }

  /** Whether a request by id finds it. Unlike get this is no read: nothing counts it. */
  isKnown(account: Account, id: string): boolean {
    const instance = this.#owned(account, id);
    return instance !== undefined && isVisible(instance, 'get', this.#parts.clock.now(), this.#parts.afterEnd);
  }

  /** The name of the account's instance, hidden or not. */
  nameOf(account: Account, id: string): string | undefined {
    return this.#owned(account, id)?.name;
  }

  terminate(account: Account, id: string): TerminateOutcome {
    const instance = this.#owned(account, id);
    if (instance === undefined || !this.isKnown(account, id)) return { kind: 'not-found' };
    const { faults } = instance;

    const refused = faultOf(faults, 'terminate-refused-while-booting');
    if (refused !== undefined && instance.status === 'booting') {
      return { kind: 'refused', status: refused.status ?? 409, code: refused.code ?? 'global/conflict' };
    }
    const ignored = faultOf(faults, 'terminate-not-applied');
    if (ignored !== undefined && instance.ignoredTerminates < (ignored.times ?? 1)) {
      instance.ignoredTerminates++;
      return { kind: 'not-applied' };
    }
    if (instance.status === 'terminating' || instance.isEnded) {
      const second = faultOf(faults, 'second-terminate');
      if (second?.answer === 'not-found') return { kind: 'not-found' };
      if (second?.answer === 'unknown')
        return { kind: 'refused', status: second.status ?? 500, code: 'global/unknown' };
      return { kind: 'terminating', instance, isFirst: false };
    }
    this.#life.terminate(instance);
    return { kind: 'terminating', instance, isFirst: true };
  }

  /** False when its state forbids it (§8.44). */
  restart(instance: Instance): boolean {
    const possible = ['active', 'unhealthy'].includes(instance.status) && !this.isBusy(instance);
    if (possible) this.#life.restart(instance);
    return possible;
  }

  isBusy(instance: Instance): boolean {
    return this.#parts.clock.now() < instance.busyUntil;
  }

  /** Ends an instance behind the API's back: preempted, or by hand at the console. */
  endFromOutside(id: string, as: 'terminated' | 'preempted'): void {
    this.#life.end(this.truth(id), as, as === 'preempted' ? 'preempted' : 'console');
  }

  /** Makes an instance unhealthy, or active again, now. */
  setHealth(id: string, status: 'active' | 'unhealthy'): void {
    const instance = this.truth(id);
    // Nothing comes back to life, in the simulation neither: such a test would prove the wrong thing.
    if (instance.isEnded || instance.status === 'terminating') throw new Error(`instance ${id} is ${instance.status}`);
    instance.become(status, this.#parts.clock.now());
  }

  /** Lets a fault befall an instance that lives. What the fault times from launch or from active, it times from now. */
  addFault(id: string, fault: LaterInstanceFault): void {
    const instance = this.truth(id);
    const now = this.#parts.clock.now();
    if (fault.kind === 'vanishes') {
      instance.addFault({ ...fault, afterMs: fault.afterMs + now - instance.acceptedAt });
    } else if (fault.kind === 'unknown-status') {
      instance.addFault({ ...fault, forMs: fault.forMs + now - (instance.firstHealthyAt ?? now) });
    } else instance.addFault(fault);
  }

  /** The instance as it truly is. Throws when there never was one. */
  truth(id: string): Instance {
    const instance = this.#instances.get(id);
    if (instance === undefined) throw new Error(`the simulator has no instance ${id}`);
    return instance;
  }

  /** Per type, the regions that the list of types shows. */
  listedCapacity(): ReadonlyMap<string, readonly string[]> {
    return this.#parts.capacity.listed();
  }

  #owned(account: Account, id: string): Instance | undefined {
    const instance = this.#instances.get(id);
    return instance?.account === account.name ? instance : undefined;
  }

  /** Booting, active, unhealthy and terminating ones: what counts against the quota (§8.17). */
  #living(account: Account): number {
    let living = 0;
    for (const instance of this.#instances.values()) {
      if (instance.account === account.name && !instance.isEnded) living++;
    }
    return living;
  }

  #statusSeen(instance: Instance, by: 'list' | 'get'): string | undefined {
    return statusSeen(instance, by, this.#parts.clock.now(), this.#parts.afterEnd);
  }

  /** The same place in an offering is the same hardware: whoever gets it next gets the same GPUs. */
  #gpusAt({ type, region }: LaunchOrder, place: number): readonly string[] {
    return Array.from(
      { length: type.gpus },
      (_, index) => `GPU-${seededRandom(this.#parts.seed, 'gpu', type.name, region, place, index).uuid()}`,
    );
  }

  #release(instance: Instance): void {
    this.#parts.capacity.giveBack(instance.type, instance.region, instance.place);
    if (instance.address !== undefined) this.#parts.addresses.giveBack(instance.address);
  }
}
