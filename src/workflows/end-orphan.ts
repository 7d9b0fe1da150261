import { log } from '@temporalio/workflow';
import type { TaggedInstance } from '../domain/names.ts';
import type { LedgerEntry } from '../domain/orphan-verdict.ts';
import { sweeping, unwinding } from './activities.ts';

/**
 * One terminate request for an instance that nobody owns; what it came to, the next look tells. Minutes may have passed since it was judged: it is
 * looked at once more, for somebody may have released or adopted it since. Returns why it was spared; undefined: it was asked to end.
 */
export async function endOrphan(
  instance: TaggedInstance,
  { before, sightingsGapMs, withinMs }: { before: LedgerEntry; sightingsGapMs: number; withinMs?: number },
): Promise<string | undefined> {
  const { instanceId, node, launchToken, namespaceId } = instance;
  const limits = withinMs === undefined ? {} : { withinMs };
  const now = await unwinding('look at it once more', 'terminate', limits).readTaggedInstance({ instanceId });
  if (now === undefined) return 'Lambda does not know it by its id just now';
  if (now.launchToken !== launchToken || now.namespaceId !== namespaceId)
    return 'it does not carry the same tags any more';
  const step = sweeping(`terminate the orphan of ${node ?? 'nobody'}`, 'terminate', limits);
  const answer = await step.endOrphan({ instance: { ...instance, status: now.status }, before, sightingsGapMs });
  if (answer.kind === 'spared') return answer.reason;
  if (answer.kind === 'unclear') log.warn('terminate is not confirmed', { instanceId, node, reason: answer.reason });
  return undefined;
}
