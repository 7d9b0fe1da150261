import { TemporalFailure } from '@temporalio/common';
import { isCancellation, metricMeter, proxySinks, workflowInfo, type Sinks } from '@temporalio/workflow';
import type { LaunchFailureDetails } from '../activities/types.ts';
import type { Ledger, SweepResult } from '../contract/sweep.ts';
import type { FailureType } from '../domain/failures.ts';
import { recorderOver, type LAUNCH_OUTCOMES, type UNWIND_REASONS } from '../domain/metrics.ts';
import type { Phase } from '../domain/phases.ts';
import { detailsOf, failureTypeOf, neverStarted } from './failures.ts';

// What only a workflow knows, measured by wrapping the step that knows it. The SDK's meter is silent in replay and makes no commands: nothing
// here is seen by Temporal, or may decide anything. A workflow task that is repeated may count once more.

const record = recorderOver(metricMeter);

/** What a worker that traces makes spans of; on others nobody listens (observability/no-spans.ts). As metrics, they make no commands, and are silent in replay. */
export interface SpanSinks extends Sinks {
  readonly spans: {
    /** Times in milliseconds since the epoch. */
    phase(phase: string, from: number, to: number): void;
    run(outcome: string, to: number): void;
  };
}

const { spans } = proxySinks<SpanSinks>();

/** A sink that a replayer has not got would be complained of. */
function isFirstTime(): boolean {
  return !workflowInfo().unsafe.isReplaying;
}

/** A launch request, by its answer; and, where there was none, by what the search for it came to. */
export async function countingLaunch<T>(send: () => Promise<T>): Promise<T> {
  return after(send, (error) => {
    if (error === undefined || !isCancellation(error)) record('launches', 1, { outcome: launchOutcome(error) });
  });
}

function launchOutcome(error: unknown): (typeof LAUNCH_OUTCOMES)[number] {
  if (error === undefined) return 'accepted';
  if (neverStarted(error)) return 'not_sent';
  const { refused, code } = detailsOf<LaunchFailureDetails>(error);
  if (refused !== true) return 'unknown';
  const type = failureTypeOf(error);
  if (type === 'capacity_unavailable') return 'capacity_unavailable';
  return type === 'provider_unavailable' && code === undefined ? 'not_sent' : 'refused';
}

export async function countingSettled<T>(settle: () => Promise<T>): Promise<T> {
  return after(settle, (error) => {
    if (error === undefined) record('settledLaunches', 1, { outcome: 'adopted' });
    else if (failureTypeOf(error) === 'launch_outcome_unknown') record('settledLaunches', 1, { outcome: 'absent' });
  });
}

export type UnwindReason = (typeof UNWIND_REASONS)[number];

/** Why something is undone: what it failed with, or that it was cancelled. */
export function unwindReason(error: unknown): UnwindReason {
  return isCancellation(error) ? 'cancelled' : (failureTypeOf(error) ?? 'other');
}

/** An unwind, or the end of a kept node: it returns on proof. */
export async function countingUnwind<T>(reason: UnwindReason, unwind: () => Promise<T>): Promise<T> {
  record('unwindsStarted', 1, { reason });
  return after(unwind, (error) => {
    if (error === undefined) record('unwindsFinished', 1, { reason });
  });
}

/** When a phase is left. */
export function phaseLeft(phase: Phase, ms: number, next: Phase): void {
  const now = Date.now();
  if (phase !== 'ready' && phase !== 'ended' && isFirstTime()) spans.phase(phase, now - ms, now);
  if (phase === 'waiting_for_capacity')
    record('capacityWait', ms / 1_000, { outcome: next === 'launching' ? 'granted' : 'ended' });
  else if (phase !== 'ready' && phase !== 'ended') record('phases', ms / 1_000, { phase });
}

export function nodeReady(requestedAt: number, launchedAt: number, now: number): void {
  record('launchToReady', (now - launchedAt) / 1_000);
  record('requestToReady', (now - requestedAt) / 1_000);
}

export function provisionEnded(how: 'ready' | 'cancelled' | FailureType | undefined): void {
  record('provisions', 1, { outcome: how ?? 'other' });
  runEnded(how ?? 'other');
}

/** A workflow's run, when its story is over. */
export function runEnded(outcome: string): void {
  if (isFirstTime()) spans.run(outcome, Date.now());
}

export function attentionAsked(): void {
  record('attentionRequests', 1);
}

/** @param before the ledger that the sweep began with */
export function swept({ ended, proven, stopped, ledger }: SweepResult, before: Ledger): void {
  const outcome = stopped === undefined ? 'done' : 'stopped';
  record('sweeps', 1, { outcome });
  runEnded(outcome);
  const isNew = ([id, { ownerlessSince }]: [string, { readonly ownerlessSince?: number }]): boolean =>
    ownerlessSince !== undefined && before.instances[id]?.ownerlessSince === undefined;
  record('orphansFound', Object.entries(ledger.instances).filter(isNew).length);
  record('orphansEnded', ended.filter((id) => before.instances[id]?.askedAt === undefined).length);
  record('orphansProven', proven.length);
}

/** Tells how it went, and lets the outcome pass. A defect of ours is no outcome: the task is repeated. */
async function after<T>(run: () => Promise<T>, told: (error: unknown) => void): Promise<T> {
  try {
    const value = await run();
    told(undefined);
    return value;
  } catch (error) {
    if (error instanceof TemporalFailure) told(error);
    throw error;
  }
}
