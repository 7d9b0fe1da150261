import { formatDuration, SECOND } from '../../domain/durations.ts';
import { PHASE_TITLES } from '../../domain/phases.ts';
import type { Progress } from '../../sdk/index.ts';
import { oneLine } from '../text.ts';
import type { ViewOptions } from './view.ts';

/** What a progress says, in parts, so that each view lays it out its own way. */
export interface Described {
  readonly title: string;
  /** What it waits for or does; what a person should look at goes before. */
  readonly detail: string;
  readonly alarming: boolean;
}

export function describe({ phase, detail, needsAttention, capacityRefusals, trouble }: Progress): Described {
  const refusals =
    phase === 'waiting_for_capacity' && capacityRefusals > 0
      ? `${capacityRefusals} ${capacityRefusals === 1 ? 'launch' : 'launches'} refused so far`
      : undefined;
  const attention = needsAttention === undefined ? undefined : `needs attention: ${needsAttention}`;
  return {
    title: PHASE_TITLES[phase],
    detail: [attention, detail, refusals, trouble === undefined ? undefined : `last answer: ${trouble}`]
      .flatMap((part) => (part === undefined ? [] : [oneLine(part)]))
      .join('; '),
    alarming: needsAttention !== undefined,
  };
}

/** `1m 5s` since the start that the view counts from; whole seconds. */
export function elapsed(progress: Progress, at: number, { startedAt }: ViewOptions): string {
  return inSeconds(at - (startedAt ?? Date.parse(progress.requestedAt)));
}

export function inSeconds(ms: number): string {
  return formatDuration(Math.floor(Math.max(0, ms) / SECOND) * SECOND);
}
