import { NodeStatus } from '../clients/navarch/gen/navarch_pb.ts';
import type { Account } from './account.ts';
import type { Capacity } from './capacity.ts';
import type { Clock } from './clock.ts';
import type { Cloud } from './cloud.ts';
import type { FaultEngine } from './faults/engine.ts';
import type { HiddenFrom, LaterInstanceFault } from './faults/instance-faults.ts';
import type { FaultRule } from './faults/plan.ts';
import type { MachineRoom } from './machine-room.ts';
import type { Machine } from './machines/machine.ts';
import type { ControlPlane } from './navarch/control-plane.ts';
import type { RateLimits } from './rate-limits.ts';

/** What a test (or a person at the console) can do to the simulated world while it runs. */
export interface Controls {
  /** How many instances the offering can hold from now on, those that run included. 0 refuses every further launch. */
  setCapacity(type: string, region: string, slots: number): void;
  /** Adds a rule to the fault plan; its counts begin now. */
  addFault(rule: FaultRule): void;
  /**
   * Makes an instance misbehave that lives already; of the faults of one kind the newest counts. What the fault times from the launch or
   * from active, it times from now: `{ kind: 'vanishes', afterMs: 0, forMs: 60_000 }` hides it for the next minute.
   */
  addInstanceFault(instanceId: string, fault: LaterInstanceFault): void;
  /** The instance is missing from these reads, both unless told, until `show` (§8.23). It lives on, and is billed. */
  hide(instanceId: string, from?: Exclude<HiddenFrom, undefined>): void;
  /** Takes back `hide`. */
  show(instanceId: string): void;
  /** Ends an instance behind everybody's back (§8.30). */
  endFromOutside(instanceId: string, as: 'terminated' | 'preempted'): void;
  /** Makes an instance unhealthy, or active again. Throws for one that is terminating or ended. */
  setHealth(instanceId: string, status: 'active' | 'unhealthy'): void;
  /** The key is no longer valid; or it is again, for the account that it was of. */
  revokeKey(apiKey: string): void;
  restoreKey(apiKey: string): void;
  /** Every request of the default account gets this 403; undefined lifts it. */
  blockAccount(why: 'account-inactive' | 'invalid-address' | undefined): void;
  setQuota(quota: number): void;
  /** How often every account may ask from now on. What a 429 says stays as it is. */
  setLimits(limits: Pick<RateLimits, 'requestIntervalMs' | 'launchIntervalMs'> | 'off'): void;
  /** Lambda's Date headers are so many real milliseconds ahead from now on. They follow the real time otherwise, however fast the simulated one runs. */
  setDateAhead(ms: number): void;
  /** Navarch restarts and forgets every node; agents live on and do not register again. */
  restartNavarch(): void;
  setNavarchUp(isUp: boolean): void;
  /** Navarch shows the node so from now on, whatever led to it: a silence that is long over, or its operator. */
  setNodeStatus(nodeId: string, status: 'ACTIVE' | 'CORDONED' | 'DRAINING' | 'UNHEALTHY'): void;
  /** The machine of an instance, while it is switched on. */
  machine(instanceId: string): Machine | undefined;
  /** Moves the clock forward by so many simulated milliseconds, and waits until the machines switched on the way are up or down. */
  advance(ms: number): Promise<void>;
}

export interface ControlsParts {
  readonly account: Account;
  readonly accounts: readonly Account[];
  readonly capacity: Capacity;
  readonly clock: Clock;
  readonly cloud: Cloud;
  readonly faults: FaultEngine;
  readonly machines: MachineRoom;
  readonly plane: ControlPlane;
  readonly navarch: { isUp: boolean };
  readonly date: { aheadMs: number };
}

export function controlsOver(parts: ControlsParts): Controls {
  const revoked = new Map<string, Account>();
  const { account, accounts, capacity, clock, cloud, faults, machines, plane, navarch, date } = parts;
  return {
    setCapacity: (type, region, slots) => capacity.set(type, region, slots),
    addFault: (rule) => faults.add(rule),
    addInstanceFault: (instanceId, fault) => cloud.addFault(instanceId, fault),
    hide: (instanceId, from = 'both') => void (cloud.truth(instanceId).hiddenFrom = from),
    show: (instanceId) => void (cloud.truth(instanceId).hiddenFrom = undefined),
    endFromOutside: (instanceId, as) => cloud.endFromOutside(instanceId, as),
    setHealth: (instanceId, status) => cloud.setHealth(instanceId, status),
    revokeKey: (apiKey) => {
      for (const owner of accounts) if (owner.apiKeys.delete(apiKey)) revoked.set(apiKey, owner);
    },
    restoreKey: (apiKey) => void (revoked.get(apiKey) ?? account).apiKeys.add(apiKey),
    blockAccount: (why) => void (account.blocked = why),
    setQuota: (quota) => void (account.quota = quota),
    setLimits: (limits) => {
      for (const { limiter } of accounts) limiter.set(limits);
    },
    setDateAhead: (ms) => void (date.aheadMs = ms),
    restartNavarch: () => plane.forget(),
    setNavarchUp: (isUp) => void (navarch.isUp = isUp),
    setNodeStatus: (nodeId, status) => plane.setStatus(nodeId, NodeStatus[status]),
    machine: (instanceId) => machines.machine(instanceId),
    advance: async (ms) => {
      clock.advanceTo(clock.now() + ms);
      await machines.settled();
    },
  };
}
