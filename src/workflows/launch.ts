import { CancelledFailure } from '@temporalio/common';
import { CancellationScope, isCancellation, uuid4 } from '@temporalio/workflow';
import type { LaunchFailureDetails, LaunchInput } from '../activities/types.ts';
import type { GrantMessage } from '../contract/account-broker.ts';
import type { ProvisionNodeRequest } from '../contract/provision-node.ts';
import { SETTLE_LOOK_MS } from '../domain/deadlines.ts';
import { isPassingRefusal } from '../domain/failures.ts';
import { chooseSurvivor } from '../domain/instances.ts';
import { launchTokenFrom } from '../domain/names.ts';
import { seen } from '../domain/proof-of-absence.ts';
import { derivation, launchLane } from './activities.ts';
import type { Board } from './board.ts';
import { firstRunId } from './board.ts';
import type { OwnedLaunch } from './end-launch.ts';
import { endLaunch, proveAbsentOrFind } from './end-launch.ts';
import type { Inbox } from './inbox.ts';
import { detailsOf, failure, failureTypeOf, messageOf, neverStarted } from './failures.ts';
import { countingLaunch, countingSettled } from './metrics.ts';
import type { Saga } from './saga.ts';

/** A launch with an instance. */
export interface Launched extends OwnedLaunch {
  instanceId: string;
  readonly news: Inbox;
  readonly hostKeyFingerprint: string;
  /** Milliseconds since the epoch, when the request was scheduled. */
  readonly launchedAt: number;
  readonly disarm: () => void;
}

/**
 * One launch, once (P1, P2): the undo is armed and the token is in the memo before the request is sent; an answer that does not say whether
 * an instance exists is settled by looking for the token. Throws the refusal when provably nothing was created; the undo is disarmed then.
 */
export async function launch(
  saga: Saga,
  board: Board,
  inbox: Inbox,
  request: ProvisionNodeRequest,
  { offering, accountKey, ticketId, notBefore }: GrantMessage,
  dueBy: number,
): Promise<Launched> {
  const launchToken = launchTokenFrom(uuid4());
  const { fingerprint } = await derivation('choose its SSH host key').describeHostKey({ launchToken });

  const launchedAt = Date.now();
  const owned: OwnedLaunch = { launchToken, accountKey, news: inbox, evidence: { launchEndedAt: launchedAt } };
  // A cancel that came meanwhile has nothing to undo yet.
  if (CancellationScope.current().consideredCancelled) throw new CancelledFailure('cancelled before the launch');
  const disarm = saga.arm(`end launch ${launchToken}`, () => {
    // Once seen, it may have been there until now: what waited for it does not tell its last look (P12).
    if (owned.evidence.lastSeenAt !== undefined) owned.evidence = seen(owned.evidence, Date.now());
    return endLaunch(owned, board);
  });
  board.launching(launchToken, offering, dueBy);
  try {
    // Not cancellable: a launch under way cannot be called back, and its answer tells what there is to undo.
    const send = () =>
      launchLane(`launch ${offering.instanceType} in ${offering.region}`).launchInstance({
        launchToken,
        node: request.name,
        runId: firstRunId(),
        offering,
        sshKeyName: accountKey.name,
        request: pickLaunchFields(request),
        hostKeyFingerprint: fingerprint,
        ticketId,
        ...(notBefore === undefined ? {} : { notBefore }),
      });
    const { instanceId } = await CancellationScope.nonCancellable(() => countingLaunch(send));
    owned.instanceId = instanceId;
  } catch (error) {
    if (isRefused(error)) {
      disarm();
      board.notLaunched(messageOf(error), failureTypeOf(error) === 'capacity_unavailable');
      throw error;
    }
    if (isCancellation(error)) throw error;
    owned.evidence = { launchEndedAt: Date.now() };
    owned.instanceId = await countingSettled(() => settle(owned, board, error, disarm));
  }
  owned.evidence = { ...owned.evidence, launchEndedAt: Date.now() };
  board.launched(owned.instanceId);
  const { instanceId } = owned;
  return Object.assign(owned, { instanceId, news: inbox, hostKeyFingerprint: fingerprint, launchedAt, disarm });
}

/** The answer did not say. Look for the token through the settle window and adopt what appears; the work goes on. */
async function settle(owned: OwnedLaunch, board: Board, cause: unknown, disarm: () => void): Promise<string> {
  board.enter('launching', `no readable answer to the launch (${messageOf(cause)}); looking for it by its token`);
  const found = await proveAbsentOrFind(owned, board, SETTLE_LOOK_MS);
  const survivor = found === 'gone' ? undefined : chooseSurvivor(found);
  if (found !== 'gone' && survivor !== undefined) {
    for (const surplus of found.filter((instance) => instance.instanceId !== survivor.instanceId)) {
      await endLaunch({ ...owned, instanceId: surplus.instanceId, onlyThisInstance: true }, board);
    }
    return survivor.instanceId;
  }
  disarm();
  const reason = `the launch got no readable answer (${messageOf(cause)}) and nothing came of it`;
  board.notLaunched(reason, false);
  throw failure('launch_outcome_unknown', reason, { cause, details: { refused: true } satisfies LaunchFailureDetails });
}

/** Provably nothing was created: by Lambda's word on P2's list, or because the request was never handed to a worker. */
export function isRefused(error: unknown): boolean {
  return neverStarted(error) || detailsOf<LaunchFailureDetails>(error).refused === true;
}

/** A refusal after which the same request may succeed later. */
export function isWorthWaiting(error: unknown): boolean {
  const type = failureTypeOf(error);
  return isRefused(error) && (neverStarted(error) || isPassingRefusal(type) || type === 'launch_outcome_unknown');
}

function pickLaunchFields(request: ProvisionNodeRequest): LaunchInput['request'] {
  const { image, fileSystemNames, pool, labels, userData } = request;
  return {
    ...(image === undefined ? {} : { image }),
    ...(fileSystemNames === undefined ? {} : { fileSystemNames }),
    ...(pool === undefined ? {} : { pool }),
    ...(labels === undefined ? {} : { labels }),
    ...(userData === undefined ? {} : { userData }),
  };
}
