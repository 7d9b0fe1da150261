import { CancellationScope, isCancellation, log, sleep } from '@temporalio/workflow';
import type { AccountKey } from '../contract/kept-node.ts';
import { ATTENTION_AFTER_MS, END_NEWS_MS } from '../domain/deadlines.ts';
import { formatDuration, HOUR, MINUTE, SECOND } from '../domain/durations.ts';
import type { InstanceView } from '../domain/instances.ts';
import { stateOf } from '../domain/instances.ts';
import type { Evidence } from '../domain/proof-of-absence.ts';
import { absent, seen } from '../domain/proof-of-absence.ts';
import { unwinding } from './activities.ts';
import { MISSING } from '../contract/account-broker.ts';
import type { Board } from './board.ts';
import type { Inbox } from './inbox.ts';

/** A launch that may have an instance, and all that is known of it. It is found by token; its id helps where an answer brought one. */
export interface OwnedLaunch {
  readonly launchToken: string;
  readonly accountKey: AccountKey;
  instanceId?: string;
  /** Another instance of the token lives on: this one is ended by its id alone. */
  readonly onlyThisInstance?: boolean;
  /** Where the owner hears of its instance; absent for those who end what they do not own. */
  readonly news?: Inbox;
  evidence: Evidence;
}

/**
 * Ends whatever the launch created and returns only on proof that nothing of it is left (P3, P12). Not cancellable, no last attempt; what
 * takes long is shown to people.
 */
export async function endLaunch(launch: OwnedLaunch, board: Board): Promise<void> {
  await untilDone(`launch ${launch.launchToken} is not proven ended`, board, async () => {
    for (let round = 0; ; round += 1) {
      const found = await proveAbsentOrFind(launch, board);
      if (found === 'gone') return;
      for (const instance of found) await endInstance(launch, instance, board);
      if (round > 0) await sleep(backoffMs(round), { summary: 'look again whether it ended' });
    }
  });
}

/**
 * Proof that the launch's instance is gone, or what is still there (P12). Nothing is terminated. `lookEveryMs` is for those who hope to find
 * it: it looks that often while an absence would not yet count.
 */
export async function proveAbsentOrFind(
  launch: OwnedLaunch,
  board: Board,
  lookEveryMs = Infinity,
): Promise<'gone' | readonly InstanceView[]> {
  for (;;) {
    const begunAt = Date.now();
    const instances = await lookFor(launch);
    const left = instances.filter((instance) => stateOf(instance.status) !== 'ended');
    if (left.length > 0) {
      launch.evidence = seen(launch.evidence, Date.now());
      return left;
    }
    if (instances.length > 0) return 'gone'; // by the provider's own word
    const verdict = absent(launch.evidence, begunAt, Date.now());
    const counts = verdict.kind === 'gone' || verdict.evidence.firstAbsentAt !== launch.evidence.firstAbsentAt;
    // An absence counts if the account was ours just after the look: two that count frame no time in which a key was exchanged.
    if (!counts || (await isOurAccount(launch))) {
      if (verdict.kind === 'gone') return 'gone';
      launch.evidence = verdict.evidence;
      const counting = verdict.evidence.firstAbsentAt !== undefined;
      const wait = Math.min(verdict.at - Date.now(), counting ? Infinity : lookEveryMs);
      board.does('Lambda shows nothing of this launch; the next look, after a while, makes that a proof');
      await sleep(Math.max(wait, SECOND), { summary: 'until its absence proves something' });
    } else {
      board.askForAttention(
        `the worker's API key does not see the SSH key ${launch.accountKey.name} (${launch.accountKey.id}) of this launch: it may be of another account`,
      );
      await sleep(ACCOUNT_LOOK_MS, { summary: "until the worker's API key is of the launch's account" });
    }
  }
}

/** Between two looks at an account that is not ours: a person has been asked to act, and history grows with each look. */
const ACCOUNT_LOOK_MS = 30 * MINUTE;

/** By id where one is known, and by token in a complete list whenever the id alone would say that it is gone. */
async function lookFor(launch: OwnedLaunch): Promise<readonly InstanceView[]> {
  const { instanceId, launchToken } = launch;
  if (instanceId !== undefined) {
    const look = await unwinding('look whether it ended', 'proof').readInstance({ instanceId });
    if (look.kind === 'found') return [look.instance];
  }
  const found = await unwinding('look for the launch by its token', 'proof').findInstances({ launchToken });
  if (launch.onlyThisInstance === true) return found.filter((instance) => instance.instanceId === instanceId);
  const first = found[0];
  if (first !== undefined) launch.instanceId ??= first.instanceId;
  return found;
}

async function endInstance(launch: OwnedLaunch, instance: InstanceView, board: Board): Promise<void> {
  const { instanceId } = instance;
  if (stateOf(instance.status) !== 'ending') {
    const answer = await unwinding('terminate the instance', 'terminate').terminateInstance({ instanceId });
    if (answer.kind === 'unclear') {
      log.warn('terminate is not confirmed', { instanceId, reason: answer.reason });
      return;
    }
  }
  board.does(`Lambda was asked to terminate instance \`${instanceId}\`; until it shows that it has ended`);
  await untilEnded(launch, instanceId);
  // Whatever it answered, what counts is the look that follows; but it was there until about now.
  launch.evidence = seen(launch.evidence, Date.now());
}

/** Until the list shows it ended or no more, or it is time to look by oneself (P3: no unwind depends on the broker). */
async function untilEnded({ launchToken, news }: OwnedLaunch, instanceId: string): Promise<void> {
  if (news === undefined) {
    await unwinding('until the instance has ended', 'proof').awaitEnded({ instanceId });
    return;
  }
  const until = Date.now() + END_NEWS_MS;
  const wanted = { launchToken, instanceId };
  for (let told = news.latest(wanted); Date.now() < until;) {
    if (told !== undefined && (told.status === MISSING || stateOf(told.status) === 'ended')) return;
    const heard = await news.next(wanted, told, until - Date.now(), 'until the instance has ended');
    told = heard ?? told;
  }
}

async function isOurAccount(launch: OwnedLaunch): Promise<boolean> {
  return unwinding('prove the account', 'proof').isAccountOf({ key: launch.accountKey });
}

function backoffMs(round: number): number {
  return Math.min(15 * SECOND * 2 ** (round - 1), HOUR);
}

/** Shielded from cancellation; asks for attention when it takes long, and goes on (P3). */
async function untilDone<T>(what: string, board: Board, run: () => Promise<T>): Promise<T> {
  return CancellationScope.nonCancellable(async () => {
    const alarm = new CancellationScope();
    const alarmed = alarm.run(async () => {
      await sleep(ATTENTION_AFTER_MS, { summary: 'ask for attention if this is not done by then' });
      board.askForAttention(`${what} after ${formatDuration(ATTENTION_AFTER_MS)}; it goes on trying`);
    });
    const quiet = alarmed.catch((error: unknown) => {
      if (!isCancellation(error)) throw error;
    });
    try {
      return await run();
    } finally {
      alarm.cancel();
      await quiet;
      board.attentionGiven();
    }
  });
}
