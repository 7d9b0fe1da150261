import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Phase } from '../domain/phases.ts';
import type { Node, ProvisionNodeRequest } from './provision-node.ts';

/** One launch of a provision, for people. */
export interface LaunchRecord {
  readonly token: string;
  readonly instanceType: string;
  readonly region: string;
  readonly sentAt: string;
  readonly instanceId?: string;
  /** Why it was given up; absent while it is the one in hand. */
  readonly failure?: string;
}

/** Answer of the `progress` query, of provisions and of keepers. Additive only. */
export interface Progress {
  readonly name: string;
  readonly phase: Phase;
  /** Since when in this phase, ISO 8601. */
  readonly since: string;
  /** What it is waiting for, or doing, in one sentence. */
  readonly detail?: string;
  /** Once a provision has failed: the `type` of its failure; `detail` is the message. */
  readonly failure?: string;
  readonly requestedAt: string;
  /** Launches sent so far, refused ones not counted. */
  readonly launches: readonly LaunchRecord[];
  /** How often Lambda refused a launch for want of capacity. */
  readonly capacityRefusals: number;
  readonly instanceId?: string;
  readonly address?: string;
  readonly instanceType?: string;
  readonly region?: string;
  /** Estimate, US dollars, over all launches of this node so far. */
  readonly costUsd: number;
  readonly needsAttention?: string;
  /** What runs on the machine now, while something does. */
  readonly machine?: Omit<HostProgress, 'launchToken'>;
}

/** How far a step on the machine is. */
export interface HostProgress {
  readonly launchToken: string;
  readonly step: string;
  /** Since the beginning of all steps. */
  readonly seconds: number;
  /** Of its output, secrets taken out. */
  readonly lastLines: readonly string[];
}

/** From the step that watches the machine to its provision. Nothing depends on it: one that is lost is not repeated. */
export const hostProgressSignal = defineSignal<[HostProgress]>('hostProgress');

export const progressQuery = defineQuery<Progress>('progress');

/** What `accept` answers: the workflow that works on the request. */
export interface Accepted {
  readonly workflowId: string;
  readonly runId: string;
}

/**
 * P9. Sent by update-with-start: starts the provision, or joins the one in progress. Rejected with `name_conflict` when that one works on
 * another request; the message names the differing fields.
 */
export const acceptUpdate = defineUpdate<Accepted, [ProvisionNodeRequest]>('accept');

/** What a keeper answers about the node it owns. */
export interface KeptNode {
  readonly node: Node;
  readonly request: ProvisionNodeRequest;
  readonly launchToken: string;
  /** It is being ended: the name will be free. */
  readonly ending: boolean;
}

export const keptNodeQuery = defineQuery<KeptNode>('node');

/** The wish to end a node, and why, for people. */
export interface EndWish {
  readonly reason: string;
  /** How long running work may go on after the drain command before the machine is ended, in milliseconds. */
  readonly drainForMs: number;
}

/** To a keeper: nothing. A keeper that was started and never got a workflow task gets one by it. */
export const wakeSignal = defineSignal('wake');

/** To a keeper: end the node. Repeated wishes are one. */
export const endNodeSignal = defineSignal<[EndWish]>('endNode');
