import { z } from 'zod';
import type { LedgerEntry, VerdictKind } from '../domain/orphan-verdict.ts';

/** What a caller asks of a sweep for orphans. The Schedule asks for nothing. */
export const sweepRequest = z
  .strictObject({
    dryRun: z.boolean().optional().describe('Judge and report, end nothing, and leave the ledger as it is.'),
    allow: z
      .int()
      .min(1)
      .max(100_000)
      .optional()
      .describe(
        'End up to so many orphans although that is more than half of our instances: after a person has looked.',
      ),
    ledger: z.unknown().optional().describe("An earlier sweep's ledger. Default: that of the Schedule's last sweep."),
  })
  .describe('A look at every instance that this namespace launched, for those that nobody owns any more.');

export type SweepRequest = z.input<typeof sweepRequest>;

/** What sweeps note for each other. Ours to ourselves: read leniently (P13). */
export interface Ledger {
  /** By instance id. */
  readonly instances: Readonly<Record<string, LedgerEntry>>;
}

/** A verdict on one instance. */
export interface Judgement {
  readonly instanceId: string;
  readonly verdict: VerdictKind;
  readonly reason: string;
  /** Lambda's word for its state. */
  readonly status: string;
  readonly instanceType: string;
  readonly region: string;
  readonly pricePerHourUsd: number;
  readonly node?: string;
  readonly launchToken?: string;
  /** When it was first seen without an owner, ISO 8601. */
  readonly ownerlessSince?: string;
}

/** A running owner that a person should look at. */
export interface OwnerTrouble {
  readonly workflowId: string;
  readonly problem: string;
}

export interface SweepResult {
  /** When the list was asked for, ISO 8601. */
  readonly at: string;
  readonly dryRun: boolean;
  /** Instances that carry our tags, by verdict. */
  readonly counts: Readonly<Record<VerdictKind, number>>;
  /** Instance ids that this sweep asked Lambda to end. The next sweeps of the Schedule prove that they ended; of those of a sweep by hand, they only see to it. */
  readonly ended: readonly string[];
  /** Instance ids, asked for by earlier sweeps, that this one found proven gone. */
  readonly proven: readonly string[];
  /** How many of those asked for are not proven gone yet. */
  readonly unproven: number;
  /** Why it ended nothing although there are orphans. */
  readonly stopped?: string;
  /** Each instance that is not plainly owned; of a dry run, each of ours. At most 200. */
  readonly reported: readonly Judgement[];
  readonly owners: readonly OwnerTrouble[];
  readonly ledger: Ledger;
}

/** An instance to be ended, adopted or released by hand. */
export const instanceRequest = z
  .strictObject({
    instanceId: z
      .string()
      .regex(/^[0-9a-f]{32}$/, 'must be 32 digits 0-9 and a-f')
      .describe("Lambda's id of the instance."),
  })
  .describe('One of our instances, by its id.');

export type InstanceRequest = z.input<typeof instanceRequest>;

/** Result of `endInstance`: it is gone, and that is proven. */
export interface EndedInstance {
  readonly instanceId: string;
  readonly node: string;
}

/** Result of `adoptInstance`. */
export interface AdoptedInstance {
  readonly instanceId: string;
  readonly node: string;
  /** The keeper that owns it now. */
  readonly keeper: string;
  /** Why the tags still name the former namespace: then no sweeper will end it if its keeper is terminated by force. */
  readonly tagsLeft?: string;
}

/** Result of `releaseInstance`: it carries none of our tags any more. */
export interface ReleasedInstance {
  readonly instanceId: string;
  readonly node?: string;
}
