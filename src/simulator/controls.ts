import type { Account } from './account.ts';
import type { Capacity } from './capacity.ts';
import type { Clock } from './clock.ts';
import type { Cloud } from './cloud.ts';
import type { FaultEngine } from './faults/engine.ts';
import type { FaultRule } from './faults/plan.ts';
import type { MachineRoom } from './machine-room.ts';
import type { Machine } from './machines/machine.ts';
import type { ControlPlane } from './navarch/control-plane.ts';

/** What a test (or a person at the console) can do to the simulated world while it runs. */
export interface Controls {
  /** How many instances the offering can hold from now on, those that run included. 0 refuses every further launch. */
  setCapacity(type: string, region: string, slots: number): void;
  /** Adds a rule to the fault plan; its counts begin now. */
  addFault(rule: FaultRule): void;
  /** Ends an instance behind everybody's back (§8.30). */
  endFromOutside(instanceId: string, as: 'terminated' | 'preempted'): void;
  /** Makes an instance unhealthy, or active again. */
  setHealth(instanceId: string, status: 'active' | 'unhealthy'): void;
  /** The key is no longer valid; or it is again. */
  revokeKey(apiKey: string): void;
  restoreKey(apiKey: string): void;
  /** Every request of the default account gets this 403; undefined lifts it. */
  blockAccount(why: 'account-inactive' | 'invalid-address' | undefined): void;
  setQuota(quota: number): void;
  /** Navarch restarts and forgets every node; agents live on and do not register again. */
  restartNavarch(): void;
  setNavarchUp(isUp: boolean): void;
  /** The machine of an instance, while it is switched on. */
  machine(instanceId: string): Machine | undefined;
  /** Moves the clock forward by so many simulated milliseconds, and waits until the machines switched on the way are up or down. */
  advance(ms: number): Promise<void>;
}

export interface ControlsParts {
  readonly account: Account;
  readonly capacity: Capacity;
  readonly clock: Clock;
  readonly cloud: Cloud;
  readonly faults: FaultEngine;
  readonly machines: MachineRoom;
  readonly plane: ControlPlane;
  readonly navarch: { isUp: boolean };
}

export function controlsOver(parts: ControlsParts): Controls {
  const { account, capacity, clock, cloud, faults, machines, plane, navarch } = parts;
  return {
    setCapacity: (type, region, slots) => capacity.set(type, region, slots),
    addFault: (rule) => faults.add(rule),
    endFromOutside: (instanceId, as) => cloud.endFromOutside(instanceId, as),
    setHealth: (instanceId, status) => cloud.setHealth(instanceId, status),
    revokeKey: (apiKey) => void account.apiKeys.delete(apiKey),
    restoreKey: (apiKey) => void account.apiKeys.add(apiKey),
    blockAccount: (why) => void (account.blocked = why),
    setQuota: (quota) => void (account.quota = quota),
    restartNavarch: () => plane.forget(),
    setNavarchUp: (isUp) => void (navarch.isUp = isUp),
    machine: (instanceId) => machines.machine(instanceId),
    advance: async (ms) => {
      clock.advanceTo(clock.now() + ms);
      await machines.settled();
    },
  };
}
