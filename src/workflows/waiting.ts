import {
  CancellationScope,
  getExternalWorkflowHandle,
  isCancellation,
  sleep,
  uuid4,
  workflowInfo,
} from '@temporalio/workflow';
import { TemporalFailure } from '@temporalio/common';
import { leaveSignal, MISSING, type GrantMessage } from '../contract/account-broker.ts';
import type { Node } from '../contract/provision-node.ts';
import { summaryLine } from '../contract/summary.ts';
import { accountOf } from '../contract/task-queues.ts';
import { accountBrokerId } from '../contract/workflow-ids.ts';
import { NEWS_NET_MS, TICKET_FIRST_RESEND_MS, TICKET_RESEND_MS, TICKETS_A_MINUTE } from '../domain/deadlines.ts';
import { formatDuration, SECOND } from '../domain/durations.ts';
import type { FailureType } from '../domain/failures.ts';
import { isFailureType } from '../domain/failures.ts';
import type { Ticket } from '../domain/grants.ts';
import { stateOf } from '../domain/instances.ts';
import type { InLine } from '../activities/types.ts';
import { lambda, passing, temporal } from './activities.ts';
import { utc } from './board-text.ts';
import type { Launched } from './launch.ts';
import { failure, messageOf, ranOutOfTime } from './failures.ts';
import { inPassing } from './in-passing.ts';
import type { Story } from './story.ts';

// The two waits of a provision: for its turn to launch an offering, and for its instance's state. In both it sleeps until the account's broker
// signals, with a slow timer as the net: a thousand that wait cost Lambda what one costs (P6).

/** Long enough for a broker to start and look, with its place in the account's budget. */
const ONE_LOOK_MS = 20 * SECOND;

/** How the wait for a launch ends well. `outdated`: it should go on with the current version of the worker; its place is kept by its arrival. */
export type Turn =
  | { readonly kind: 'grant'; readonly grant: GrantMessage }
  | { readonly kind: 'kept'; readonly node: Node }
  | { readonly kind: 'outdated' };

/**
 * Sleeps until the broker grants an offering. Fails with `capacity_unavailable` when the time for that has passed. Where a living instance has
 * its name, `joinKept` says whether it is one to join: a keeper's, by adoption, or because this run was reset to before its launch.
 */
export async function waitForTurn(story: Story, joinKept: () => Promise<Node | undefined>): Promise<Turn> {
  const { wishes, board, inbox } = story;
  const where = wishes.regions === undefined ? 'any region' : wishes.regions.join(', ');
  const what = `${wishes.instanceTypes.join(', ')} in ${where}`;
  const since = Date.now();
  const enter = (): void => board.enter('waiting_for_capacity', `${what}; gives up at ${utc(story.capacityUntil)}`);
  enter();
  // `waitUpTo: 0s` means: look once.
  if (story.capacityUntil <= since && board.triesRefused > 0) throw noCapacity(what, story);
  const until = Math.max(story.capacityUntil, since + ONE_LOOK_MS);
  const ticket = ticketOf(story, until);
  let sent = 0;
  let isCalled = false;
  try {
    for (;;) {
      const {
        place,
        total,
        reason,
        takenBy,
        sentLately = 0,
      } = await joinLine(ticket, { withPlace: sent > 0, isCalled });
      sent += 1;
      if (takenBy !== undefined) {
        const node = await joinKept();
        if (node !== undefined) {
          await leaveLine(ticket.name);
          return { kind: 'kept', node };
        }
        enter();
      }
      if (place !== undefined) board.waits(place, total ?? place, reason);
      const left = until - Date.now();
      if (left <= 0) throw noCapacity(what, story);
      // Those who came together do not come again together, and a crowd not before all have come.
      const crowd = Math.max(sentLately / TICKETS_A_MINUTE, 1);
      const again = sent === 1 ? TICKET_FIRST_RESEND_MS * crowd * (1 + Math.random()) : TICKET_RESEND_MS;
      const withinMs = Math.min(left, Math.round(again), TICKET_RESEND_MS);
      const answer = await inbox.answerTo(ticket.ticketId, withinMs, summaryLine(`wait for capacity: ${what}`));
      if ((answer === undefined || answer === 'called') && story.version.isOutdated) {
        await leaveLine(ticket.name);
        return { kind: 'outdated' };
      }
      isCalled = answer === 'called';
      if (answer === undefined || answer === 'called') continue;
      if (answer.kind === 'grant') return answer;
      throw failure(refusalType(answer.refusal.type), answer.refusal.message);
    }
  } catch (error) {
    // One that was cancelled on its way into the line may arrive there all the same, and is found out when its turn comes.
    if (sent > 0 && error instanceof TemporalFailure) await leaveLine(ticket.name);
    throw error;
  }
}

/** Once a ticket may have been sent, its wait goes on without another answer: a broker that has it grants as well. */
async function joinLine(
  ticket: Ticket,
  asked: { readonly withPlace: boolean; readonly isCalled: boolean },
): Promise<InLine> {
  const what = 'join the line for capacity';
  const withinMs = Math.max(ticket.until - Date.now(), ONE_LOOK_MS);
  const asStep = () => temporal(what, { withinMs }).joinLine({ ticket, ...asked });
  try {
    // Its place the broker knows, whose task must not wait for one that waits for it.
    return await (asked.withPlace ? asStep() : inPassing(() => passing(what).joinLine({ ticket, ...asked }), asStep));
  } catch (error) {
    if (!ranOutOfTime(error)) throw error;
    return {};
  }
}

function ticketOf({ request, wishes, board }: Story, until: number): Ticket {
  const [sshKeyName] = request.sshKeyNames ?? [];
  return {
    name: request.name,
    runId: workflowInfo().runId,
    ticketId: uuid4(),
    wishes,
    priority: request.capacity?.priority ?? DEFAULT_PRIORITY,
    arrivedAt: board.requestedAt,
    until,
    ...(sshKeyName === undefined ? {} : { sshKeyName }),
  };
}

const DEFAULT_PRIORITY = 3;

/** Gives up the ticket, or the grant that came of it. A courtesy: what nobody waits for is forgotten in time. */
export async function leaveLine(name: string): Promise<void> {
  const { runId, taskQueue } = workflowInfo();
  const broker = getExternalWorkflowHandle(accountBrokerId(accountOf(taskQueue)));
  try {
    await CancellationScope.nonCancellable(() => broker.signal(leaveSignal, { name, runId }));
  } catch (error) {
    if (!(error instanceof TemporalFailure)) throw error;
  }
}

function refusalType(type: string): FailureType {
  return isFailureType(type) ? type : 'invalid_request';
}

/** After a refusal that is not about capacity: the account is full, or Lambda is not well. */
export async function waitBeforeNextLaunch(ms: number, reason: string): Promise<void> {
  await sleep(ms, { summary: summaryLine(`before the next launch: ${reason}`) });
}

/** What Lambda shows of an instance. */
export interface Shown {
  readonly status: string;
  readonly address?: string;
}

export async function untilAddressed(launched: Launched, withinMs: number): Promise<Shown> {
  return untilShown(launched, 'an address', ({ address }) => address !== undefined, withinMs);
}

export async function untilActive(launched: Launched, withinMs: number): Promise<Shown> {
  return untilShown(launched, 'active', ({ status }) => stateOf(status) === 'active', withinMs);
}

async function untilShown(
  launched: Launched,
  what: string,
  isIt: (shown: Shown) => boolean,
  withinMs: number,
): Promise<Shown> {
  const { news, launchToken } = launched;
  const until = Date.now() + withinMs;
  for (;;) {
    const told = news.latest(launched);
    if (told !== undefined && isIt(requireHope(told))) return told;
    const left = until - Date.now();
    if (left <= 0) return lookOnce(launched, what, isIt, withinMs);
    const heard = await news.next(launched, told, Math.min(left, NEWS_NET_MS), `until Lambda shows ${what}`);
    // The net under a broker that was lost: it is asked, and tells again what it told before.
    if (heard === undefined && Date.now() < until) await askToLook(launchToken, until);
  }
}

async function askToLook(launchToken: string, until: number): Promise<void> {
  const withinMs = Math.max(until - Date.now(), ONE_LOOK_MS);
  try {
    await temporal('ask the broker to look', { withinMs }).askToLook({ launchToken });
  } catch (error) {
    if (!ranOutOfTime(error)) throw error;
  }
}

/** Missing from a list is no verdict on a boot: new instances have been. */
function requireHope<T extends Shown>(shown: T): T {
  const { status } = shown;
  const state = status === MISSING ? 'coming' : stateOf(status);
  if (state === 'unhealthy' || state === 'ending' || state === 'ended') {
    throw failure('instance_failed', `Lambda shows the instance ${status} instead of active`);
  }
  return shown;
}

/** Its time is over, as far as it was told: no machine is given up because nobody told. */
async function lookOnce(
  { instanceId }: Launched,
  what: string,
  isIt: (shown: Shown) => boolean,
  withinMs: number,
): Promise<Shown> {
  const step = what === 'active' ? 'become active' : `get ${what}`;
  const waited = `the instance did not ${step} within ${formatDuration(withinMs)}`;
  let last: string;
  try {
    const look = await lambda('look at it once more', 'proof', { withinMs: ONE_LOOK_MS }).readInstance({ instanceId });
    if (look.kind === 'found' && isIt(requireHope(look.instance))) return look.instance;
    last = look.kind === 'found' ? look.instance.status : 'Lambda does not know it by its id';
  } catch (error) {
    if (isCancellation(error) || !(error instanceof TemporalFailure)) throw error;
    last = messageOf(error);
  }
  throw failure('instance_failed', `${waited}: ${last}`);
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
