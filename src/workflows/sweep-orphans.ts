import {
  getExternalWorkflowHandle,
  isCancellation,
  log,
  setCurrentDetails,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { Survey } from '../activities/types.ts';
import { wakeSignal } from '../contract/messages.ts';
import { parseRequest } from '../contract/parse.ts';
import { SEARCH_ATTRIBUTE } from '../contract/search-attributes.ts';
import { sweepRequest, type Ledger, type SweepRequest, type SweepResult } from '../contract/sweep.ts';
import {
  LEDGER_KEEPS_MS,
  OVERDUE_AFTER_MS,
  SURVEY_MS,
  SWEEP_SIGHTINGS_GAP_MS,
  SWEEP_WORKS_MS,
} from '../domain/deadlines.ts';
import { MINUTE } from '../domain/durations.ts';
import { brake, readEntries, sightedBy, withEntry, withoutEntry, type Entries } from '../domain/ledger.ts';
import { stateOf } from '../domain/instances.ts';
import type { TaggedInstance } from '../domain/names.ts';
import { VERDICT_KINDS, type LedgerEntry } from '../domain/orphan-verdict.ts';
import { absent } from '../domain/proof-of-absence.ts';
import { lambda, sweeping, temporal } from './activities.ts';
import { endOrphan } from './end-orphan.ts';
import { failingPlainly, messageOf } from './failures.ts';
import { swept } from './metrics.ts';

/** Of one terminate or proof, waiting for its place included. What does not come through, the next sweep tries. */
const ONE_REQUEST = { withinMs: 5 * MINUTE };

/** So many of those that earlier sweeps ended are asked for by id in one sweep: each costs a request. */
const MOST_PROOFS = 20;

const LIMITS = {
  sightingsGapMs: SWEEP_SIGHTINGS_GAP_MS,
  overdueAfterMs: OVERDUE_AFTER_MS,
  ledgerKeepsMs: LEDGER_KEEPS_MS,
};

/**
 * The undo of last resort (P5): a workflow that was terminated runs no code of ours. Looks at every instance that this namespace tagged, ends
 * what is known to have no owner at its second sighting, one request each, and leaves the proof to the next sweep. Whose is whose stands in
 * domain/orphan-verdict.ts. Everything it does is in its result, which the next one gets.
 */
export async function sweepOrphans(input: SweepRequest = {}): Promise<SweepResult> {
  const request = parseRequest(sweepRequest, input);
  const { dryRun = false } = request;
  return failingPlainly(async () => {
    const before = await lastLedger(request.ledger);
    // Among the first: behind what waits for capacity, or watches a thousand nodes, it would never come.
    const survey = await sweeping('look at every instance of ours', 'terminate', {
      withinMs: 2 * SURVEY_MS,
    }).surveyInstances({ ledger: before, all: dryRun, limits: LIMITS });
    const stopped = brake(survey.counts.orphan, survey.alive, request.allow);
    if (dryRun) return resultOf(survey, { dryRun, stopped, ended: [], proven: [], ledger: before });

    await wake(survey.asleep);
    await wakeBroker();
    const sweep = new Sweep(survey);
    if (stopped === undefined) await sweep.endOrphans();
    await sweep.proveEarlierOnes();
    const result = resultOf(survey, { dryRun, stopped, ...sweep.outcome() });
    swept(result, before);
    for (const instanceId of result.proven) log.info('orphan proven gone', { instanceId });
    show(result);
    return result;
  });
}

/** Who waits or keeps a node depends on no reader that somebody has terminated for longer than from one sweep to the next. */
async function wakeBroker(): Promise<void> {
  try {
    await temporal('wake the broker if anybody needs it', ONE_REQUEST).wakeBroker();
  } catch (error) {
    if (isCancellation(error)) throw error;
    log.warn('the broker could not be woken', { reason: messageOf(error) });
  }
}

/** The one given, or the Schedule's last: as its run gets it from Temporal, or, for a sweep by hand, as the Schedule tells it. */
async function lastLedger(given: unknown): Promise<Ledger> {
  const last: unknown =
    given ??
    (workflowInfo().lastResult as Partial<SweepResult> | undefined)?.ledger ??
    (await temporal('what the last sweep noted', ONE_REQUEST).readLastSweep());
  const { instances } = (typeof last === 'object' && last !== null ? last : {}) as Partial<Ledger>;
  return { instances: readEntries(instances) };
}

/** What one sweep does, and notes of it. Whatever fails on the way costs that one step, never what was noted. */
class Sweep {
  readonly #survey: Survey;
  readonly #until = Date.now() + SWEEP_WORKS_MS;
  #entries: Entries;
  readonly #ended: string[] = [];
  readonly #proven: string[];

  constructor(survey: Survey) {
    this.#survey = survey;
    this.#entries = sightedBy(survey.ledger.instances, survey.at, Date.now());
    this.#proven = [...survey.proven];
  }

  outcome(): Pick<SweepResult, 'ended' | 'proven' | 'ledger'> {
    return {
      ended: this.#ended,
      proven: this.#proven,
      ledger: { instances: this.#proven.reduce(withoutEntry, this.#entries) },
    };
  }

  /** Those that were not asked to end yet go first: some that cannot be ended must not keep the others waiting. */
  async endOrphans(): Promise<void> {
    if (this.#survey.orphans.length === 0) return;
    const accountKeyId = await this.#accountKeyId();
    const askedAt = ({ instanceId }: TaggedInstance): number => this.#entries[instanceId]?.askedAt ?? 0;
    for (const instance of [...this.#survey.orphans].sort((a, b) => askedAt(a) - askedAt(b))) {
      if (Date.now() >= this.#until) return;
      const { instanceId, node } = instance;
      const before = this.#entries[instanceId];
      if (before === undefined) continue;
      const entry = { askedAt: Date.now(), ...(accountKeyId === undefined ? {} : { accountKeyId }) };
      try {
        const spared = await endOrphan(instance, { before, sightingsGapMs: LIMITS.sightingsGapMs, ...ONE_REQUEST });
        if (spared === undefined) {
          this.#ended.push(instanceId);
          this.#entries = withEntry(this.#entries, instanceId, entry);
          log.warn('orphan asked to end', { instanceId, node });
        } else log.warn('spared', { instanceId, node, reason: spared });
      } catch (error) {
        if (isCancellation(error)) throw error;
        log.error('an orphan could not be ended', { instanceId, node, reason: messageOf(error) });
        // The request may have worked all the same: the next sweep looks.
        this.#entries = withEntry(this.#entries, instanceId, entry);
      }
    }
  }

  /** Of those that were asked to end and are in no list any more: by id, and, as absence is not proof, twice, in the same account (P12). */
  async proveEarlierOnes(): Promise<void> {
    const { at } = this.#survey;
    const missing = Object.entries(this.#entries)
      .filter(
        ([instanceId, { askedAt, listedAt }]) =>
          askedAt !== undefined && listedAt < at && !this.#proven.includes(instanceId),
      )
      .sort(([, a], [, b]) => (a.firstAbsentAt ?? a.askedAt ?? 0) - (b.firstAbsentAt ?? b.askedAt ?? 0));
    for (const [instanceId, entry] of missing.slice(0, MOST_PROOFS)) {
      if (Date.now() >= this.#until) return;
      try {
        await this.#prove(instanceId, entry);
      } catch (error) {
        if (isCancellation(error)) throw error;
        log.warn('not proven yet', { instanceId, reason: messageOf(error) });
      }
    }
  }

  async #prove(instanceId: string, { listedAt, firstAbsentAt, accountKeyId: id }: LedgerEntry): Promise<void> {
    const { at } = this.#survey;
    const found = await lambda('prove that an orphan is gone', 'proof', ONE_REQUEST).readTaggedInstance({ instanceId });
    if (found !== undefined) {
      if (stateOf(found.status) === 'ended') this.#proven.push(instanceId);
      // Somebody has released it: it is nobody's here any more.
      else if (found.launchToken === undefined) this.#entries = withoutEntry(this.#entries, instanceId);
      return;
    }
    if (id === undefined || !(await lambda('prove the account', 'proof', ONE_REQUEST).isAccountOf({ key: { id } })))
      return;
    const evidence = { launchEndedAt: 0, lastSeenAt: listedAt, ...firstAbsence(firstAbsentAt) };
    const verdict = absent(evidence, at, Date.now());
    if (verdict.kind === 'gone') this.#proven.push(instanceId);
    else this.#entries = withEntry(this.#entries, instanceId, firstAbsence(verdict.evidence.firstAbsentAt));
  }

  /** Undefined: Lambda does not say. Then nothing is proven of what is ended now, but it is ended. */
  async #accountKeyId(): Promise<string | undefined> {
    try {
      return (await lambda('whose account this is', 'terminate', ONE_REQUEST).readAccount())?.id;
    } catch (error) {
      if (isCancellation(error)) throw error;
      log.warn('the account cannot be told', { reason: messageOf(error) });
      return undefined;
    }
  }
}

function firstAbsence(at: number | undefined): { readonly firstAbsentAt?: number } {
  return at === undefined ? {} : { firstAbsentAt: at };
}

/** A keeper that was started just as its parent was ended gets its first task only when something signals it. */
async function wake(workflowIds: readonly string[]): Promise<void> {
  for (const workflowId of workflowIds) {
    try {
      await getExternalWorkflowHandle(workflowId).signal(wakeSignal);
    } catch (error) {
      if (isCancellation(error)) throw error;
      log.warn('a sleeping owner could not be signalled', { workflowId, reason: messageOf(error) });
    }
  }
}

function resultOf(
  { at, counts, reported, owners }: Survey,
  rest: {
    readonly dryRun: boolean;
    readonly stopped: string | undefined;
    readonly ended: readonly string[];
    readonly proven: readonly string[];
    readonly ledger: Ledger;
  },
): SweepResult {
  const { dryRun, stopped, ended, proven, ledger } = rest;
  return {
    at: new Date(at).toISOString(),
    dryRun,
    counts,
    ended,
    proven,
    unproven: Object.values(ledger.instances).filter(({ askedAt }) => askedAt !== undefined).length,
    ...(stopped === undefined ? {} : { stopped }),
    reported,
    owners,
    ledger,
  };
}

function show({ counts, ended, stopped, unproven, owners, reported }: SweepResult): void {
  const lines = [
    `instances of ours: ${VERDICT_KINDS.map((kind) => `${counts[kind]} ${kind}`).join(', ')}`,
    `asked to end now: ${ended.length}; asked earlier and not proven gone: ${unproven - ended.length}`,
    ...(stopped === undefined ? [] : [`**needs attention:** ${stopped}`]),
    ...reported.map(({ instanceId, verdict, reason }) => `\`${instanceId}\` ${verdict}: ${reason}`),
    ...owners.map(({ workflowId, problem }) => `\`${workflowId}\`: ${problem}`),
  ];
  setCurrentDetails(
    lines
      .slice(0, 60)
      .map((line) => `- ${line}`)
      .join('\n'),
  );
  const needsAttention = stopped !== undefined || counts.unknown > 0 || owners.length > 0;
  if (needsAttention) upsertSearchAttributes([{ key: SEARCH_ATTRIBUTE.needsAttention, value: true }]);
  log.info('swept', { counts, ended: ended.length, unproven, stopped, owners: owners.length });
}
