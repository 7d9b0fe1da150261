import type { HostProgress, LaunchRecord } from '../contract/messages.ts';
import { totalCostUsd } from '../domain/cost.ts';
import { formatDuration, SECOND } from '../domain/durations.ts';
import { PHASE_TITLES, type Phase } from '../domain/phases.ts';

// What the Temporal UI shows as "Current Details": written when something changes, read much later. So it names times and never spans
// up to now, and gives a rate where a sum would grow.

const MOST_OF_A_LINE = 200;
const MOST_OF_A_REASON = 1_000;

/** A launch as the board keeps it: what people see, and what its cost follows from. */
export interface Entry {
  record: LaunchRecord;
  readonly priceCentsPerHour: number;
  /** Milliseconds since the epoch. */
  readonly from: number;
  /** When nothing of it was left; absent while something may be. */
  until?: number;
}

/** What does not change while the workflow runs. */
export interface About {
  /** What was asked for, or is kept: one sentence each. */
  readonly facts: readonly string[];
  /** Where more can be learned while it waits for capacity. */
  readonly inLine?: string;
  /** What is done about what needs attention. */
  readonly ifAttention?: string;
  /** What the button "Request Cancellation" does. */
  readonly ifCancelled?: string;
}

/** A place in the line for capacity, as it was at some time. */
export interface Standing {
  readonly place: number;
  readonly total: number;
  /** Why it is not its turn; empty: nobody said. */
  readonly reason: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** How a provision came to its end without a node. */
export interface Ending {
  readonly how: 'failed' | 'cancelled';
  /** One of the failure types; absent when it was cancelled. */
  readonly type?: string;
}

/** Everything that is shown. Times are milliseconds since the epoch. */
export interface BoardView {
  readonly name: string;
  readonly phase: Phase;
  readonly since: number;
  readonly requestedAt: number;
  readonly now: number;
  readonly about: About;
  readonly detail: string | undefined;
  readonly ending: Ending | undefined;
  readonly standing: Standing | undefined;
  /** What is done just now about the launch in hand. */
  readonly step: string | undefined;
  readonly attention: string | undefined;
  readonly instanceId: string | undefined;
  readonly address: string | undefined;
  readonly machine: HostProgress | undefined;
  readonly refusals: number;
  readonly entries: readonly Entry[];
}

/** `2026-11-28 14:04:07 UTC`. */
export function utc(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** A list, not a table: the Temporal UI draws tables without borders, and an inner list in one line with the outer one. */
export function currentDetails(view: BoardView): string {
  return [
    headline(view),
    leftLine(view),
    ...attentionLines(view),
    view.step,
    ...lineForCapacity(view),
    ...machineLines(view.machine),
    `node \`${view.name}\`, asked for at ${utc(view.requestedAt)}`,
    ...view.about.facts,
    view.instanceId === undefined ? undefined : `instance \`${view.instanceId}\`${addressOf(view)}`,
    view.refusals === 0 ? undefined : `launches that Lambda refused for want of capacity: ${view.refusals}`,
    ...view.entries.map(launchLine),
    costLine(view),
    isOver(view) ? undefined : view.about.ifCancelled,
  ]
    .flatMap((line) => (line === undefined ? [] : [`- ${oneLine(line)}`]))
    .join('\n');
}

function headline({ phase, since, detail, ending }: BoardView): string {
  const what = `**${ending?.how ?? PHASE_TITLES[phase]}** ${ending === undefined ? 'since' : 'at'} ${utc(since)}`;
  const type = ending?.type === undefined ? '' : ` (\`${ending.type}\`)`;
  return `${what}${type}${detail === undefined ? '' : `: ${detail}`}`;
}

function leftLine({ ending, entries }: BoardView): string | undefined {
  if (ending === undefined) return undefined;
  if (entries.length === 0) return 'nothing is left of it: nothing was launched';
  return 'nothing is left of it: all that was launched is undone, and proven gone';
}

function attentionLines({ attention, about }: BoardView): (string | undefined)[] {
  return attention === undefined ? [] : [`**needs attention:** ${attention}`, about.ifAttention];
}

function lineForCapacity({ phase, standing, about }: BoardView): (string | undefined)[] {
  if (phase !== 'waiting_for_capacity') return [];
  if (standing === undefined) return ['its place in the line is known in a minute or two', about.inLine];
  const { place, total, reason, at } = standing;
  const why = reason === '' ? '' : `: ${reason}`;
  return [`place **${place} of ${total}** in the line at ${utc(at)}${why}`, about.inLine];
}

/** Output goes into a code span of its own, line by line: whatever is in it, it is not markup. */
function machineLines(machine: HostProgress | undefined): string[] {
  if (machine === undefined) return [];
  const { step, seconds, lastLines } = machine;
  const [first = '', ...others] = lastLines.map((line) => `\`${line.replaceAll('`', "'").slice(0, MOST_OF_A_LINE)}\``);
  const began = `**${step}**, ${formatDuration(Math.round(seconds) * SECOND)} after the first step began`;
  return [`on the machine: ${began}${first === '' ? '' : '; its last output:'}`, first, ...others].filter(Boolean);
}

function addressOf({ address }: BoardView): string {
  return address === undefined ? '' : ` at \`${address}\``;
}

function launchLine({ record, priceCentsPerHour, until }: Entry, index: number): string {
  const { instanceType, region, sentAt, failure } = record;
  const what = `launch ${index + 1}: \`${instanceType}\` in \`${region}\``;
  const sent = `sent at ${utc(Date.parse(sentAt))}, ${dollars(priceCentsPerHour / 100)} an hour`;
  const over = until === undefined ? '' : `; ${failure === undefined ? 'ended' : 'undone'} at ${utc(until)}`;
  return `${what}, ${sent}${over}${failure === undefined ? '' : `: ${failure}`}`;
}

function costLine({ phase, ending, entries, now }: BoardView): string | undefined {
  if (entries.length === 0) {
    const isKnown = ending !== undefined || phase === 'accepted' || phase === 'waiting_for_capacity';
    return isKnown ? 'cost: nothing so far' : undefined;
  }
  const cost = totalCostUsd(
    entries.map(({ priceCentsPerHour, from, until }) => [priceCentsPerHour, (until ?? now) - from]),
  );
  const running = entries.filter(({ until }) => until === undefined);
  const rate = running.reduce((sum, { priceCentsPerHour }) => sum + priceCentsPerHour, 0) / 100;
  if (running.length === 0) return `cost: about ${dollars(cost)} in all`;
  return `cost: about ${dollars(cost)} up to ${utc(now)}, and ${dollars(rate)} an hour from then on`;
}

function dollars(amount: number): string {
  return `$${amount.toFixed(2)}`;
}

function isOver({ phase, ending }: BoardView): boolean {
  return ending !== undefined || ['unwinding', 'ending', 'ended'].includes(phase);
}

/** A line break would end the item, and what follows would be text of its own. */
function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  const short = line.length <= MOST_OF_A_REASON ? line : `${line.slice(0, MOST_OF_A_REASON - 1)}…`;
  const parts = short.split(CODE_SPANS);
  return parts.map((part, index) => (index % 2 === 1 ? part : part.replace(/[$<]/g, '\\$&'))).join('');
}

/** What is between two dollar signs the UI takes for a formula, and what is between angle brackets for a tag; not in code. */
const CODE_SPANS = /(`[^`]*`)/;
