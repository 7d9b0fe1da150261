import { stateOf } from './instances.ts';
import type { TaggedInstance } from './names.ts';

// P5. The prey of the sweeper: an instance that this very namespace tagged (its UUID, not its name) and whose owner is *known* to have
// ended. Everything else is owned, or unknown and only reported:
//   1. A running owner that lists the launch token owns the instance; once it knows an instance id, only that id counts.
//   2. What a running owner may own is nobody's prey: a keeper whose memo cannot be read, the very run that launched it.
//   3. A run nobody has heard of proves nothing: another server, a lost database. A run was heard of when Temporal still shows it, or when
//      an earlier sweep saw the instance owned (closed runs are forgotten after the namespace's retention; the ledger is not).
//   4. One sighting is not enough: the second comes ten minutes later, by Temporal's clock.
// The instances were listed before their owners were described, the provision before the keeper: an owner found by then had it all along.

/** An owner that runs. */
export interface RunningOwner {
  readonly workflowId: string;
  /** First run of its chain. */
  readonly firstRunId: string;
  /** Launch tokens in its memo; `unreadable` when it says nothing that can be read. */
  readonly tokens: readonly string[] | 'unreadable';
  /** The instance it owns, once it knows. */
  readonly instanceId?: string;
}

export interface Owners {
  readonly provision?: RunningOwner;
  readonly keeper?: RunningOwner;
  /** Whether Temporal still shows the run in the instance's tag, running or closed. */
  readonly taggedRunFound: boolean;
}

/** What earlier sweeps noted of an instance. Times in milliseconds since the epoch, by Temporal's clock. */
export interface LedgerEntry {
  /** When it was last seen owned. */
  readonly ownedAt?: number;
  /** When it was first seen without an owner, since it last had one. */
  readonly ownerlessSince?: number;
  /** When a sweep last asked Lambda to end it. */
  readonly askedAt?: number;
  /** Id of an SSH key of the account in which that was asked: tells our account from another's (P12). */
  readonly accountKeyId?: string;
  /** When it was last in a complete list. */
  readonly listedAt: number;
  /** Of the first list without it that counts (P12). */
  readonly firstAbsentAt?: number;
}

export type OrphanVerdict =
  | { readonly kind: 'owned'; readonly reason: string }
  /** Known to be without an owner, at the second sighting: to be ended. */
  | { readonly kind: 'orphan'; readonly reason: string }
  /** The first sighting. */
  | { readonly kind: 'suspected'; readonly reason: string }
  /** Without an owner, and terminating already. */
  | { readonly kind: 'ending'; readonly reason: string }
  /** Terminated or preempted, by Lambda's word. */
  | { readonly kind: 'ended'; readonly reason: string }
  /** Cannot be judged: a person should look. */
  | { readonly kind: 'unknown'; readonly reason: string };

export type VerdictKind = OrphanVerdict['kind'];

export const VERDICT_KINDS = [
  'owned',
  'suspected',
  'orphan',
  'ending',
  'ended',
  'unknown',
] as const satisfies readonly VerdictKind[];

export function judgeInstance(
  instance: TaggedInstance,
  owners: Owners,
  namespaceId: string,
  before: LedgerEntry | undefined,
  now: number,
  /** Between the two sightings that make an orphan, in milliseconds. */
  sightingsGapMs: number,
): OrphanVerdict {
  const state = stateOf(instance.status);
  if (state === 'ended') return { kind: 'ended', reason: `Lambda shows it ${instance.status}` };
  const { node, launchToken, runId } = instance;
  const running = [owners.provision, owners.keeper].filter((owner) => owner !== undefined);

  const owner = running.find((candidate) => owns(candidate, instance));
  if (owner !== undefined) return { kind: 'owned', reason: `${owner.workflowId} lists its launch token` };
  const unreadable = running.find(({ tokens }) => tokens === 'unreadable');
  if (unreadable !== undefined) {
    return unknown(`${unreadable.workflowId} runs, and what it owns cannot be read from its memo`);
  }
  if (node === undefined || launchToken === undefined || runId === undefined) return unknown('its tags are incomplete');
  if (instance.namespaceId !== namespaceId) {
    return unknown(`another Temporal namespace tagged it (${instance.namespaceId ?? 'none'})`);
  }
  const launcher = running.find(({ firstRunId }) => firstRunId === runId);
  if (launcher !== undefined) {
    return unknown(`${launcher.workflowId}, which launched it, still runs and does not list it`);
  }
  if (!owners.taggedRunFound && before?.ownedAt === undefined) {
    return unknown(`Temporal knows no run ${runId} of the provision that launched it`);
  }
  if (state === 'ending') return { kind: 'ending', reason: 'nobody owns it; it is terminating' };
  const since = before?.ownerlessSince ?? now;
  const reason = `the run that launched it has ended, and no running owner of ${node} lists its launch token`;
  return { kind: now - since >= sightingsGapMs ? 'orphan' : 'suspected', reason };
}

/**
 * For those who act by hand: whoever owns it, and whoever cannot be asked. The run that launched it and does not list it is neither: it has
 * given the launch up, and what came of it late is nobody's.
 */
export function mayOwn(owner: RunningOwner, instance: TaggedInstance): boolean {
  return owner.tokens === 'unreadable' || owns(owner, instance);
}

function owns({ tokens, instanceId }: RunningOwner, instance: TaggedInstance): boolean {
  if (tokens === 'unreadable' || instance.launchToken === undefined || !tokens.includes(instance.launchToken)) {
    return false;
  }
  return instanceId === undefined || instanceId === instance.instanceId;
}

function unknown(reason: string): OrphanVerdict {
  return { kind: 'unknown', reason };
}

/** What the ledger says of an instance after this look at it. */
export function noted(before: LedgerEntry | undefined, verdict: OrphanVerdict, now: number): LedgerEntry {
  const ownedAt = verdict.kind === 'owned' ? now : before?.ownedAt;
  const ownerless = verdict.kind === 'suspected' || verdict.kind === 'orphan' || verdict.kind === 'ending';
  const ownerlessSince = ownerless ? (before?.ownerlessSince ?? now) : undefined;
  const { askedAt, accountKeyId } = ownerless && before !== undefined ? before : {};
  return {
    listedAt: now,
    ...(ownedAt === undefined ? {} : { ownedAt }),
    ...(ownerlessSince === undefined ? {} : { ownerlessSince }),
    ...(askedAt === undefined ? {} : { askedAt }),
    ...(accountKeyId === undefined ? {} : { accountKeyId }),
  };
}

/** So few orphans are ended without asking, whatever their share; of more than these, no more than half of what is alive. */
export const BRAKE_COUNT = 5;
