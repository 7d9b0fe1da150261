import { condition, setHandler } from '@temporalio/workflow';
import {
  grantSignal,
  newsSignal,
  refuseSignal,
  sendTicketSignal,
  type GrantMessage,
  type InstanceNews,
  type RefuseMessage,
} from '../contract/account-broker.ts';

/** How the broker answers a ticket. */
export type TicketAnswer =
  | { readonly kind: 'grant'; readonly grant: GrantMessage }
  | { readonly kind: 'refusal'; readonly refusal: RefuseMessage };

/** The launch that an owner wants to hear of. */
interface Wanted {
  readonly launchToken: string;
  readonly instanceId?: string;
}

/**
 * What the broker tells an owner, by signal. Whatever comes early waits here; whatever comes twice, late or about another launch changes
 * nothing. It may be of another version: what cannot be read is passed over (P13).
 */
export class Inbox {
  #answer: TicketAnswer | undefined;
  #isCalled = false;
  #news: InstanceNews[] = [];

  constructor() {
    setHandler(newsSignal, (told) => this.#keep(told), {
      description: 'What the list of all instances says about the instance.',
    });
  }

  /** For a provision, which also waits for its turn. */
  takingAnswers(): this {
    setHandler(grantSignal, (grant) => void (this.#answer = { kind: 'grant', grant }), {
      description: 'Launch this now.',
    });
    setHandler(refuseSignal, (refusal) => void (this.#answer = { kind: 'refusal', refusal }), {
      description: 'Waiting for capacity is of no use.',
    });
    setHandler(sendTicketSignal, () => void (this.#isCalled = true), {
      description: 'A new broker does not know who waits: send the ticket.',
    });
    return this;
  }

  /** The answer to this ticket or a call for it, when one has come by then. A grant is good for its time only. */
  async answerTo(ticketId: string, withinMs: number, summary: string): Promise<TicketAnswer | 'called' | undefined> {
    const isAnswered = (): boolean => {
      const answer = this.#answer;
      if (answer === undefined) return false;
      return (answer.kind === 'grant' ? answer.grant.ticketId : answer.refusal.ticketId) === ticketId;
    };
    const heard = await condition(() => isAnswered() || this.#isCalled, Math.max(withinMs, 1), { summary });
    if (!heard) return undefined;
    const answer = isAnswered() ? this.#answer : undefined;
    this.#isCalled = false;
    this.#answer = undefined;
    const isStale = answer?.kind === 'grant' && !(Date.now() <= answer.grant.validUntil);
    return answer === undefined || isStale ? 'called' : answer;
  }

  /** The latest about the launch's instance. */
  latest(wanted: Wanted): InstanceNews | undefined {
    return this.#news.findLast((news) => isAbout(news, wanted));
  }

  /** Waits for something newer than `known`; undefined: nothing came in time. */
  async next(
    wanted: Wanted,
    known: InstanceNews | undefined,
    withinMs: number | undefined,
    summary: string,
  ): Promise<InstanceNews | undefined> {
    const isNew = (): boolean => this.latest(wanted) !== known;
    if (withinMs === undefined) await condition(isNew);
    else await condition(isNew, Math.max(withinMs, 1), { summary });
    const latest = this.latest(wanted);
    return latest === known ? undefined : latest;
  }

  #keep(told: unknown): void {
    const { launchToken, instanceId, status, at } = fieldsOf(told);
    if (typeof launchToken !== 'string' || typeof instanceId !== 'string') return;
    if (typeof status !== 'string' || typeof at !== 'number') return;
    const news = told as InstanceNews;
    // Two workers may tell of two lists in the wrong order.
    if (this.#news.some((other) => other.instanceId === instanceId && other.at > at)) return;
    this.#news = [...this.#news.filter((other) => other.instanceId !== instanceId), news].slice(-MOST_KEPT);
  }
}

/** One instance is an owner's; a launch that came twice has two, and a node that is launched again a few. */
const MOST_KEPT = 10;

/** Of one that nobody knows but by its id, the token is empty. */
function isAbout(news: InstanceNews, { launchToken, instanceId }: Wanted): boolean {
  if (instanceId !== undefined) return news.instanceId === instanceId;
  return news.launchToken === launchToken;
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
