import { CancellationScope, log, setCurrentDetails, sleep, upsertSearchAttributes } from '@temporalio/workflow';
import type { TaggedInstance } from '../domain/names.ts';
import { SEARCH_ATTRIBUTE } from '../contract/search-attributes.ts';
import { ABSENCE_GAP_MS, ATTENTION_AFTER_MS, LAUNCH_START_TO_CLOSE_MS, SETTLE_WINDOW_MS } from '../domain/deadlines.ts';
import { HOUR, MINUTE } from '../domain/durations.ts';
import { stateOf } from '../domain/instances.ts';
import type { LedgerEntry } from '../domain/orphan-verdict.ts';
import { sweeping } from './activities.ts';
import { endOrphan } from './end-orphan.ts';
import { failure } from './failures.ts';

/** After the end of a run by force its launch step may still send, for that step's time; then the usual settling begins. */
const WINDOW_MS = LAUNCH_START_TO_CLOSE_MS + SETTLE_WINDOW_MS;

/** Between two looks. The list costs a request each time. */
const LOOK_MS = MINUTE;

const WANTED_GONE: LedgerEntry = { listedAt: 0, ownerlessSince: 0 };

/**
 * Ends what carries a name's tags, lives, and is listed by no running owner: the run that launched it was ended by force, so its undo did not
 * run (P5). Looks through the window in which something may still appear, and returns when two complete lists after it, minutes apart, show
 * nothing (P12). Not cancellable: it is an undo. What cannot be judged is left alone, and said.
 */
export async function endRemains(name: string): Promise<void> {
  const unknown = await CancellationScope.nonCancellable(async () => {
    const windowEnds = Date.now() + WINDOW_MS;
    setCurrentDetails(
      `- an owner of \`${name}\` was ended by force: looking for what it left until ${new Date(windowEnds).toISOString()}, and ending that`,
    );
    let firstAbsentAt: number | undefined;
    for (let round = 0; ; round += 1) {
      const begunAt = Date.now();
      const found = await sweeping('look for what is left of the node', 'proof').findUnowned({ name });
      for (const instance of found.orphans) if (stateOf(instance.status) !== 'ending') await endOne(instance);
      const nothing = found.orphans.length === 0 && begunAt >= windowEnds;
      if (nothing && firstAbsentAt !== undefined && begunAt >= firstAbsentAt + ABSENCE_GAP_MS) return found.unknown;
      firstAbsentAt = nothing ? (firstAbsentAt ?? Date.now()) : undefined;
      if (begunAt >= windowEnds + ATTENTION_AFTER_MS) askForAttention(name, found.orphans.length);
      const summary = nothing ? 'until its absence proves something' : 'look again for what is left';
      await sleep(nothing ? ABSENCE_GAP_MS : lookAgainMs(begunAt < windowEnds ? 0 : round), { summary });
    }
  });
  if (unknown.length === 0) return;
  throw failure(
    'instance_failed',
    `${unknown.length} instances of ${name} could not be judged and were left alone: ${unknown.join('; ')} (see: navarch-provisioner sweep --dry-run)`,
    { details: { left: unknown } },
  );
}

/** Minutes while something may still appear; then up to an hour, so that one which cannot be ended does not fill the history. */
function lookAgainMs(round: number): number {
  return Math.min(LOOK_MS * 2 ** Math.max(round - WINDOW_MS / LOOK_MS, 0), HOUR);
}

function askForAttention(name: string, left: number): void {
  upsertSearchAttributes([{ key: SEARCH_ATTRIBUTE.needsAttention, value: true }]);
  setCurrentDetails(
    `- **needs attention:** ${left} instances that \`${name}\` left are not proven ended; it goes on trying`,
  );
}

async function endOne(instance: TaggedInstance): Promise<void> {
  const spared = await endOrphan(instance, { before: WANTED_GONE, sightingsGapMs: 0 });
  if (spared !== undefined) log.warn('spared', { instanceId: instance.instanceId, reason: spared });
}
