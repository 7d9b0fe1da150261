import type { Clock } from '../clock.ts';
import type { MachineFaults } from '../machines/machine.ts';
import { seededRandom, type Random } from '../random.ts';
import type { InstanceFault } from './instance-faults.ts';
import type { NavarchFault } from './navarch-faults.ts';
import type { FaultPlan, FaultRule, InstanceRule, MachineRule, RequestRule } from './plan.ts';
import { READS, type Operation, type RequestFault } from './request-faults.ts';

interface Armed<R extends FaultRule> {
  readonly rule: R;
  /** A stream of its own, so that one rule's luck does not depend on another's. */
  readonly random: Random;
  seen: number;
  /** Of those seen, how many since the last accepted launch; never a number that a rule could ask for while there was none. */
  sinceLaunch: number;
  struck: number;
}

type LastingNavarchFault = Exclude<NavarchFault, { kind: 'forgets' }>;

/** What is known of an accepted launch when its fate is decided. */
export interface LaunchFacts {
  /** From 1, over all accounts. */
  readonly number: number;
  readonly type: string;
  readonly region: string;
  readonly name: string;
}

/** Decides what goes wrong, from the plan, the seed and the order of events alone. */
export class FaultEngine {
  readonly #clock: Clock;
  readonly #seed: number;
  readonly #startedAt: number;
  readonly #requestRules: Armed<RequestRule>[] = [];
  readonly #launchRules: Armed<InstanceRule | MachineRule>[] = [];
  readonly #navarchFaults: LastingNavarchFault[] = [];
  #navarchRestart = (): void => undefined;
  #armed = 0;

  constructor(options: { readonly plan: FaultPlan; readonly seed: number; readonly clock: Clock }) {
    this.#clock = options.clock;
    this.#seed = options.seed;
    this.#startedAt = options.clock.now();
    for (const rule of options.plan) this.add(rule);
  }

  /** Adds a rule to those in force. `nth`, `every` and `times` count from now. */
  add(rule: FaultRule): void {
    const random = seededRandom(this.#seed, 'fault rule', this.#armed++);
    const fresh = { random, seen: 0, sinceLaunch: -Infinity, struck: 0 };
    if (rule.on === 'navarch') this.#addNavarchFault(rule.do);
    else if (rule.on === 'instance' || rule.on === 'machine') this.#launchRules.push({ rule, ...fresh });
    else this.#requestRules.push({ rule, ...fresh });
  }

  /** What strikes this request: at most one fault of each kind, in the plan's order. Each call counts one request. */
  onRequest(operation: Operation, instanceName: string | undefined): readonly RequestFault[] {
    const struck = this.#requestRules
      .filter(({ rule }) => concerns(rule.on, operation))
      .filter(({ rule }) => rule.matchName === undefined || instanceName?.includes(rule.matchName) === true)
      .filter((armed) => this.#strikes(armed, armed.rule))
      .map(({ rule }) => rule.do);
    return struck.filter((fault, index) => struck.findIndex(({ kind }) => kind === fault.kind) === index);
  }

  /** What will be wrong with the instance of this launch, and with its machine. Each call counts one launch. */
  onLaunch(launch: LaunchFacts): { readonly instance: readonly InstanceFault[]; readonly machine: MachineFaults } {
    const instance: InstanceFault[] = [];
    let machine: MachineFaults = {};
    for (const armed of this.#launchRules) {
      const { rule } = armed;
      if (rule.type !== undefined && rule.type !== launch.type) continue;
      if (rule.region !== undefined && rule.region !== launch.region) continue;
      if (rule.matchName !== undefined && !launch.name.includes(rule.matchName)) continue;
      if (rule.launch !== undefined && ![rule.launch].flat().includes(launch.number)) continue;
      if (!this.#strikes(armed, {})) continue;
      if (rule.on === 'instance') instance.push(rule.do);
      else machine = { ...machine, ...rule.do };
    }
    for (const armed of this.#requestRules) armed.sinceLaunch = 0;
    return { instance, machine };
  }

  /** What ails the control plane at this moment. */
  navarchNow(): readonly LastingNavarchFault[] {
    const now = this.#clock.now() - this.#startedAt;
    return this.#navarchFaults.filter((fault) => isWithin(fault.between, now));
  }

  /** Calls `task` whenever the plan restarts the control plane. */
  whenNavarchRestarts(task: () => void): void {
    this.#navarchRestart = task;
  }

  #addNavarchFault(fault: NavarchFault): void {
    if (fault.kind !== 'forgets') {
      this.#navarchFaults.push(fault);
      return;
    }
    this.#clock.after(this.#startedAt + fault.atMs - this.#clock.now(), () => this.#navarchRestart());
  }

  #strikes(
    armed: Armed<RequestRule | InstanceRule | MachineRule>,
    { nth, afterLaunch }: Pick<RequestRule, 'nth' | 'afterLaunch'>,
  ): boolean {
    const { rule, random } = armed;
    if (!isWithin(rule.between, this.#clock.now() - this.#startedAt)) return false;
    armed.seen++;
    armed.sinceLaunch++;
    // Drawn whether needed or not: how often the others strike must not shift this rule's luck.
    const lucky = rule.probability === undefined || random.chance(rule.probability);
    if (nth !== undefined && ![nth].flat().includes(armed.seen)) return false;
    if (afterLaunch !== undefined && ![afterLaunch].flat().includes(armed.sinceLaunch)) return false;
    if (rule.every !== undefined && armed.seen % rule.every !== 0) return false;
    if (rule.times !== undefined && armed.struck >= rule.times) return false;
    if (lucky) armed.struck++;
    return lucky;
  }
}

function concerns(on: RequestRule['on'], operation: Operation): boolean {
  return on === operation || on === 'any' || (on === 'read' && READS.includes(operation));
}

function isWithin(between: readonly [number, number] | undefined, time: number): boolean {
  return between === undefined || (between[0] <= time && time < between[1]);
}
