import { sleep } from '@temporalio/workflow';
import type { InstanceView } from '../domain/instances.ts';
import type { Offering } from '../domain/offerings.ts';
import { formatDuration, SECOND } from '../domain/durations.ts';
import { lambda } from './activities.ts';
import type { Launched } from './launch.ts';
import { failure, failureTypeOf, messageOf, ranOutOfTime } from './failures.ts';
import type { Story } from './story.ts';

// The two waits of a provision: for an offering to try, and for its instance's state. Each is one activity that is retried while the answer
// is "not yet": no history grows, and the Temporal UI shows the pending activity with its last answer, which is the reason for the wait.

/** Long enough for one look at the list, with its place in the account's budget. */
const ONE_LOOK_MS = 20 * SECOND;

/** Sleeps until there is an offering worth trying. Fails with `capacity_unavailable` when the time for that has passed. */
export async function waitForOffering(story: Story): Promise<Offering> {
  const { wishes, refusals, board } = story;
  const where = wishes.regions === undefined ? 'any region' : wishes.regions.join(', ');
  const what = `${wishes.instanceTypes.join(', ')} in ${where}`;
  const withinMs = story.capacityUntil - Date.now();
  board.enter('waiting_for_capacity', `${what}, until ${new Date(story.capacityUntil).toISOString()} at the latest`);
  // `waitUpTo: 0s` means: look once.
  if (withinMs <= 0 && board.triesRefused > 0) throw noCapacity(what, story);
  try {
    return await lambda(`wait for capacity: ${what}`.slice(0, 100), 'capacity', {
      withinMs: Math.max(withinMs, ONE_LOOK_MS),
    }).awaitOffering({ wishes, refusals });
  } catch (error) {
    if (ranOutOfTime(error)) throw noCapacity(what, story, error);
    throw error;
  }
}

/** After a refusal that is not about capacity: the account is full, or Lambda is not well. */
export async function waitBeforeNextLaunch(ms: number, reason: string): Promise<void> {
  await sleep(ms, { summary: `before the next launch: ${reason}`.slice(0, 100) });
}

export async function untilAddressed(launched: Launched, withinMs: number): Promise<InstanceView> {
  return untilInstance(launched, 'address', withinMs);
}

export async function untilActive(launched: Launched, withinMs: number): Promise<InstanceView> {
  return untilInstance(launched, 'active', withinMs);
}

async function untilInstance(launched: Launched, until: 'address' | 'active', withinMs: number): Promise<InstanceView> {
  const { instanceId } = launched;
  const what = until === 'address' ? 'an address' : 'active';
  try {
    return await lambda(`until the instance is ${until === 'address' ? 'addressed' : 'active'}`, 'boot', {
      withinMs,
    }).awaitInstance({
      instanceId,
      until,
    });
  } catch (error) {
    if (!ranOutOfTime(error) || failureTypeOf(error) === 'instance_failed') throw error;
    const waited = `the instance did not become ${what} within ${formatDuration(withinMs)}`;
    throw failure(
      'instance_failed',
      `${until === 'address' ? waited.replace('become', 'get') : waited}: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

function noCapacity(what: string, story: Story, cause?: unknown): Error {
  const waited = formatDuration(story.capacityUntil - story.board.requestedAt);
  const { lastRefusal } = story;
  if (lastRefusal !== undefined && lastRefusal.type !== 'capacity_unavailable') {
    return failure(lastRefusal.type, `no launch of ${what} was accepted within ${waited}: ${lastRefusal.message}`, {
      cause,
    });
  }
  const refused = story.board.capacityRefusals === 0 ? '' : `; ${story.board.capacityRefusals} launches were refused`;
  return failure('capacity_unavailable', `no capacity for ${what} within ${waited}${refused}`, { cause });
}
