import {
  isCancellation,
  log,
  setCurrentDetails,
  upsertMemo,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { TemporalFailure, type SearchAttributeUpdatePair } from '@temporalio/common';
import { DUE_BY, OWNED_INSTANCE, OWNED_TOKENS } from '../contract/memo.ts';
import type { HostProgress, LaunchRecord, Progress } from '../contract/messages.ts';
import { SEARCH_ATTRIBUTE } from '../contract/search-attributes.ts';
import { totalCostUsd } from '../domain/cost.ts';
import type { Offering } from '../domain/offerings.ts';
import type { Phase } from '../domain/phases.ts';
import { currentDetails, type About, type Ending, type Entry, type Standing } from './board-text.ts';
import { failureTypeOf, messageOf } from './failures.ts';
import { attentionAsked, nodeReady, phaseLeft, provisionEnded } from './metrics.ts';

/** Phases in which something of ours runs on the machine. */
const ON_THE_MACHINE: readonly Phase[] = ['connecting', 'proving_gpus', 'bootstrapping'];

/** In lists, who waits has no machine: neither the one that was refused nor the one that was undone. */
const NONE_IN_HAND: SearchAttributeUpdatePair[] = [
  { key: SEARCH_ATTRIBUTE.instanceType, value: null },
  { key: SEARCH_ATTRIBUTE.region, value: null },
  { key: SEARCH_ATTRIBUTE.instanceId, value: null },
];

/** What a board takes along when its workflow continues as new. */
export interface BoardState {
  readonly requestedAt: number;
  readonly capacityRefusals: number;
  /** Launches that came to nothing, for whatever passing reason. */
  readonly notLaunched: number;
  readonly entries: readonly Entry[];
}

/**
 * What a node's owner shows: the progress query, Temporal's current details, search attributes and the memo. Nothing decides by it; it can
 * always be written again.
 */
export class Board {
  readonly #name: string;
  readonly #requestedAt: number;
  readonly #about: About;
  #phase: Phase;
  #since: number;
  #detail: string | undefined;
  #standing: Standing | undefined;
  #step: string | undefined;
  #ending: Ending | undefined;
  #attention: string | undefined;
  #address: string | undefined;
  #machine: HostProgress | undefined;
  #instanceId: string | undefined;
  #refusals: number;
  #notLaunched: number;
  readonly #entries: Entry[];

  constructor(name: string, phase: Phase, about: About = { facts: [] }, carried?: Partial<BoardState>) {
    this.#name = name;
    this.#about = about;
    this.#phase = phase;
    this.#since = Date.now();
    this.#requestedAt = carried?.requestedAt ?? Date.now();
    this.#refusals = carried?.capacityRefusals ?? 0;
    this.#notLaunched = carried?.notLaunched ?? 0;
    this.#entries = [...(carried?.entries ?? [])];
    this.#show();
  }

  state(): BoardState {
    return {
      requestedAt: this.#requestedAt,
      capacityRefusals: this.#refusals,
      notLaunched: this.#notLaunched,
      entries: this.#entries,
    };
  }

  get requestedAt(): number {
    return this.#requestedAt;
  }

  /** Its place in the line for capacity, and why it is not its turn, as they were when it was asked. */
  waits(place: number, total: number, reason = ''): void {
    this.#standing = { place, total, reason, at: Date.now() };
    this.#show();
  }

  /** What is done just now in this phase; forgotten with it. */
  does(step: string): void {
    this.#step = step;
    this.#show();
  }

  /** Runs the story of a provision. One that ends without a node says so, and why; what it launched is undone by then. */
  async during<T>(story: () => Promise<T>): Promise<T> {
    try {
      const result = await story();
      provisionEnded('ready');
      return result;
    } catch (error) {
      // Anything else is a defect, or the next generation: nothing has ended.
      if (!(error instanceof TemporalFailure)) throw error;
      const type = failureTypeOf(error);
      provisionEnded(isCancellation(error) ? 'cancelled' : type);
      const ending = isCancellation(error)
        ? { how: 'cancelled' as const }
        : { how: 'failed' as const, ...optional('type', type) };
      this.#ending = ending;
      this.enter('ended', isCancellation(error) ? undefined : messageOf(error));
      throw error;
    }
  }

  /** A new phase, with what it waits for or does in one sentence. */
  enter(phase: Phase, detail?: string, pairs: SearchAttributeUpdatePair[] = []): void {
    this.#detail = detail;
    this.#standing = undefined;
    this.#step = undefined;
    const last = this.#entries.at(-1);
    if (phase === 'ended' && last !== undefined) last.until ??= Date.now();
    if (phase !== this.#phase) {
      this.#machine = undefined;
      const now = Date.now();
      phaseLeft(this.#phase, now - this.#since, phase);
      if (phase === 'ready') this.#nodeIsReady(now);
      this.#phase = phase;
      this.#since = now;
      const launched = phase === 'waiting_for_capacity' && this.#launchedBefore() ? NONE_IN_HAND : [];
      upsertSearchAttributes([{ key: SEARCH_ATTRIBUTE.phase, value: phase }, ...pairs, ...launched]);
      log.info('phase', { phase, detail });
    }
    this.#show();
  }

  /**
   * P1: in the same workflow task as the launch is scheduled, so that no instance of this token can exist unowned. `dueBy`: when it should
   * be ready or undone, in milliseconds since the epoch.
   */
  launching(token: string, offering: Offering, dueBy: number): void {
    const { instanceType, region, priceCentsPerHour } = offering;
    const from = Date.now();
    const record = { token, instanceType, region, sentAt: new Date(from).toISOString() };
    this.#entries.push({ record, priceCentsPerHour, from });
    upsertMemo({ [OWNED_TOKENS]: [token], [OWNED_INSTANCE]: '', [DUE_BY]: dueBy });
    this.enter('launching', `${instanceType} in ${region}`, [
      { key: SEARCH_ATTRIBUTE.instanceType, value: instanceType },
      { key: SEARCH_ATTRIBUTE.region, value: region },
    ]);
  }

  launched(instanceId: string): void {
    this.#instanceId = instanceId;
    this.#update((record) => ({ ...record, instanceId }));
    upsertMemo({ [OWNED_INSTANCE]: instanceId });
    log.info('launched', { node: this.#name, instanceId, ...this.#offering() });
    this.enter('booting', `until Lambda shows an address of instance ${instanceId}`, [
      { key: SEARCH_ATTRIBUTE.instanceId, value: instanceId },
    ]);
  }

  /** The node of a keeper: nothing is new about it. */
  kept(instanceId: string, address: string, attention: string | undefined): void {
    this.#attention = attention;
    this.#instanceId = instanceId;
    this.#address = address;
    this.#show();
  }

  addressed(address: string): void {
    this.#address = address;
    this.#show();
  }

  /** What runs on the machine now; forgotten with the phase. */
  machine(progress: HostProgress): void {
    // It may come late: after the step it tells of, or of the launch before.
    if (!ON_THE_MACHINE.includes(this.#phase) || progress.launchToken !== this.#entries.at(-1)?.record.token) return;
    this.#machine = progress;
    this.#show();
  }

  /** The launch was refused, provably before anything was created. */
  notLaunched(reason: string, forCapacity: boolean): void {
    log.info('not launched', { node: this.#name, reason, forCapacity, ...this.#offering() });
    this.#entries.pop();
    if (forCapacity) this.#refusals += 1;
    this.#notLaunched += 1;
    this.#detail = reason;
    this.#release();
  }

  /** The launch in hand was undone, and that is proven. */
  undone(reason: string): void {
    const entry = this.#entries.at(-1);
    if (entry !== undefined) entry.until = Date.now();
    log.info('unwound, and proven gone', { node: this.#name, instanceId: this.#instanceId, reason });
    this.#update((record) => ({ ...record, failure: reason }));
    this.#release();
  }

  askForAttention(reason: string): void {
    if (this.#attention === undefined) attentionAsked();
    this.#attention = reason;
    log.error('needs attention', { node: this.#name, instanceId: this.#instanceId, reason });
    upsertSearchAttributes([{ key: SEARCH_ATTRIBUTE.needsAttention, value: true }]);
    this.#show();
  }

  attentionGiven(): void {
    if (this.#attention === undefined) return;
    this.#attention = undefined;
    log.info('needs no attention any more', { node: this.#name, instanceId: this.#instanceId });
    upsertSearchAttributes([{ key: SEARCH_ATTRIBUTE.needsAttention, value: null }]);
    this.#show();
  }

  get launchesUsed(): number {
    return this.#entries.length;
  }

  get triesRefused(): number {
    return this.#notLaunched;
  }

  get attention(): string | undefined {
    return this.#attention;
  }

  get capacityRefusals(): number {
    return this.#refusals;
  }

  progress(): Progress {
    const last = this.#entries.at(-1)?.record;
    return {
      name: this.#name,
      phase: this.#phase,
      since: new Date(this.#since).toISOString(),
      ...optional('detail', this.#detailWithPlace()),
      ...optional('failure', this.#ending?.type),
      requestedAt: new Date(this.#requestedAt).toISOString(),
      launches: this.#entries.map((entry) => entry.record),
      capacityRefusals: this.#refusals,
      ...optional('instanceId', this.#instanceId),
      ...optional('address', this.#address),
      ...optional('instanceType', last?.instanceType),
      ...optional('region', last?.region),
      costUsd: totalCostUsd(this.#entries.map((e) => [e.priceCentsPerHour, (e.until ?? Date.now()) - e.from])),
      ...optional('needsAttention', this.#attention),
      ...optional('machine', this.#machine && withoutToken(this.#machine)),
    };
  }

  /** Of a node that was joined there is no launch of ours. */
  #nodeIsReady(now: number): void {
    const last = this.#entries.at(-1);
    if (last === undefined || last.until !== undefined) return;
    const launchedAt = last.from;
    nodeReady(this.#requestedAt, launchedAt, now);
    log.info('node ready', {
      node: this.#name,
      instanceId: this.#instanceId,
      ...this.#offering(),
      secondsFromRequest: Math.round((now - this.#requestedAt) / 1_000),
      secondsFromLaunch: Math.round((now - launchedAt) / 1_000),
      launches: this.#entries.length,
    });
  }

  /** Of the launch in hand. */
  #offering(): { readonly instanceType?: string; readonly region?: string } {
    const record = this.#entries.at(-1)?.record;
    return record === undefined ? {} : { instanceType: record.instanceType, region: record.region };
  }

  #launchedBefore(): boolean {
    return this.#entries.length > 0 || this.#notLaunched > 0;
  }

  #detailWithPlace(): string | undefined {
    if (this.#standing === undefined) return this.#detail;
    const { place, total, reason } = this.#standing;
    return `${this.#detail ?? ''}; place ${place} of ${total}${reason === '' ? '' : `: ${reason}`}`;
  }

  #release(): void {
    this.#instanceId = undefined;
    this.#address = undefined;
    upsertMemo({ [OWNED_TOKENS]: [], [OWNED_INSTANCE]: '', [DUE_BY]: 0 });
    this.#show();
  }

  #update(change: (record: LaunchRecord) => LaunchRecord): void {
    const entry = this.#entries.at(-1);
    if (entry !== undefined) entry.record = change(entry.record);
  }

  #show(): void {
    const details = currentDetails({
      name: this.#name,
      phase: this.#phase,
      since: this.#since,
      requestedAt: this.#requestedAt,
      now: Date.now(),
      about: this.#about,
      detail: this.#detail,
      ending: this.#ending,
      standing: this.#standing,
      step: this.#step,
      attention: this.#attention,
      instanceId: this.#instanceId,
      address: this.#address,
      machine: this.#machine,
      refusals: this.#refusals,
      entries: this.#entries,
    });
    setCurrentDetails(details);
  }
}

function withoutToken({ step, seconds, lastLines }: HostProgress): Omit<HostProgress, 'launchToken'> {
  return { step, seconds, lastLines };
}

/** First run of a chain of continued executions: the identity that outlives them. */
export function firstRunId(): string {
  return workflowInfo().firstExecutionRunId;
}

function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: V };
}
