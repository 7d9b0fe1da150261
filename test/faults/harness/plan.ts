import type { FaultPlan } from '../../../src/simulator/index.ts';
import type { Step } from './step.ts';

/** What somebody does to the story from outside. */
export type Act =
  /** Temporal's verbs, on the workflow whose step it is. */
  | 'cancel'
  | 'terminate'
  /** Somebody asks terminateNode for the node. */
  | 'ask-to-end'
  /** Somebody asks for the same node with the same request. */
  | 'ask-again'
  /** The worker is asked to stop, as by SIGTERM, while another one takes over. */
  | 'replace-worker'
  /** The worker's process is killed, and another one started. */
  | 'kill-worker'
  /** Temporal itself and the worker are killed, and both started again. */
  | 'kill-everything';

/** Something happens at a step: `fail` and `again` to its execution, acts to the story around it while the execution is held. */
export interface Strike {
  readonly at: Step;
  readonly when: 'before' | 'after';
  readonly do: 'fail' | 'again' | Act;
}

/** One run as data: the same plan and seed go wrong the same way. */
export interface Plan {
  /** Of the simulated cloud. */
  readonly seed: number;
  /** What the cloud, the machines and Navarch do wrong. */
  readonly faults: FaultPlan;
  readonly strikes: readonly Strike[];
  /** Added to the request for a node. */
  readonly request?: Readonly<Record<string, unknown>>;
  /** How long a ready node is kept before it is asked to end, in milliseconds. Default 0. */
  readonly stayMs?: number;
}
