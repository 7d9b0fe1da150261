import {
  CancellationScope,
  isCancellation,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { CancelledFailure, TemporalFailure } from '@temporalio/common';
import type { LaunchFailureDetails } from '../activities/types.ts';
import type { GrantMessage } from '../contract/account-broker.ts';
import { hostProgressSignal, progressQuery } from '../contract/messages.ts';
import type { Node, ProvisionNodeRequest } from '../contract/provision-node.ts';
import { labelsAttribute, SEARCH_ATTRIBUTE } from '../contract/search-attributes.ts';
import { keepNodeId } from '../contract/workflow-ids.ts';
import { longestLaunchMs } from '../domain/deadlines.ts';
import { MINUTE, SECOND } from '../domain/durations.ts';
import { isMachineAtFault } from '../domain/failures.ts';
import type { Offering } from '../domain/offerings.ts';
import { host, passing } from './activities.ts';
import { Admission, admittedOrRefused } from './admission.ts';
import { bringUp } from './bring-up.ts';
import { detailsOf, failingPlainly, failure, failureTypeOf, messageOf } from './failures.ts';
import { handOver } from './hand-over.ts';
import { inPassing } from './in-passing.ts';
import { joinKept } from './join.ts';
import { isRefused, isWorthWaiting, launch } from './launch.ts';
import { countingUnwind, unwindReason } from './metrics.ts';
import { Saga } from './saga.ts';
import { withDeadline } from './scopes.ts';
import { openStory, type Continuation, type Story } from './story.ts';
import { continueOnCurrentVersion } from './versions.ts';
import { leaveLine, waitBeforeNextLaunch, waitForTurn } from './waiting.ts';

/**
 * Provisions a GPU node: returns it ready and handed to its keeper, or fails with everything undone (design: provisionNode).
 *
 *   accept, join if already kept ─► wait for a grant ─► launch (undo armed) ─► bring up ─► hand over
 *                                       ▲ refused, or the machine was bad and is undone │
 *                                       └──────────────────────────────────────────────-┘
 */
export async function provisionNode(input: ProvisionNodeRequest | Continuation): Promise<Node> {
  const story = admittedOrRefused(() => openStory(input));
  const { request, board } = story;
  const admission = new Admission(request);
  setHandler(progressQuery, () => board.progress(), { description: 'Where the node is, and why it waits.' });
  setHandler(hostProgressSignal, (progress) => board.machine(progress), {
    description: 'What runs on the machine now.',
  });
  upsertSearchAttributes([
    { key: SEARCH_ATTRIBUTE.node, value: request.name },
    { key: SEARCH_ATTRIBUTE.phase, value: 'accepted' },
    ...(request.pool === undefined ? [] : [{ key: SEARCH_ATTRIBUTE.pool, value: request.pool }]),
    ...labelsAttribute(request.labels),
  ]);

  const provision = async (): Promise<Node> => {
    const join = (): Promise<Node | undefined> => joinKept(request, board, admission);
    const kept = await join();
    if (kept !== undefined) return kept;
    await checkRequest(request);
    for (;;) {
      const turn = await waitForTurn(story, join);
      if (turn.kind === 'kept') return turn.node;
      if (turn.kind === 'outdated') return continueStory(story);
      const ready = await tryLaunch(story, turn.grant);
      if (ready !== undefined) return ready;
      if (workflowInfo().continueAsNewSuggested || story.version.isOutdated) return continueStory(story);
    }
  };
  const withinItsTime = (): Promise<Node> => withDeadline(story.until, `the provision of ${request.name}`, provision);
  return admission.during(() => board.during(() => failingPlainly(withinItsTime)));
}

/** A worker that is that busy, or is being exchanged, is no reason to give a request up soon. */
const CHECK = { withinMs: 15 * MINUTE };

/** What can be known to be wrong without Lambda, before anything is waited for or paid for. SSH key, region and types are the broker's to know. */
async function checkRequest({ bootstrap }: ProvisionNodeRequest): Promise<void> {
  const names = bootstrap?.secrets;
  if (names !== undefined) {
    const what = 'check the secrets';
    await inPassing(
      () => passing(what).checkBootstrapSecrets({ names }),
      () => host(what, CHECK).checkBootstrapSecrets({ names }),
    );
  }
  const what = "check Navarch's token";
  await inPassing(
    () => passing(what).checkNavarch(),
    () => host(what, CHECK).checkNavarch(),
  );
}

/** On a machine without GPUs navarch-node invents eight, and would be refused for it once the machine was paid for. */
function requireAgentForIt({ bootstrap, registration, allowFakeGpus }: ProvisionNodeRequest, offering: Offering): void {
  if (offering.gpus?.count !== 0 || bootstrap !== undefined || registration === 'direct' || allowFakeGpus === true)
    return;
  throw failure(
    'invalid_request',
    `invalid request: instanceType: ${offering.instanceType} has no GPUs, and navarch-node invents some there: ask with registration: 'direct', bootstrap commands of your own, or allowFakeGpus`,
  );
}

/** One launch: the ready node, or undefined when another launch should be tried; what this one made is undone by then. */
async function tryLaunch(story: Story, grant: GrantMessage): Promise<Node | undefined> {
  const { offering, accountKey } = grant;
  const { board, request, inbox } = story;
  const grantedAt = Date.now();
  const saga = new Saga();
  try {
    requireAgentForIt(request, offering);
    const launched = await launch(saga, board, inbox, request, grant, grantedAt + longestLaunchMs(story.deadlines));
    const brought = await bringUp(story, launched, offering);
    const readyAt = Date.now();
    const node: Node = {
      ...brought.node,
      launchesUsed: board.launchesUsed,
      times: { ...brought.node.times, requested: iso(board.requestedAt), granted: iso(grantedAt), ready: iso(readyAt) },
    };
    await handOver(launched, {
      node,
      request,
      launchToken: launched.launchToken,
      priceCentsPerHour: offering.priceCentsPerHour,
      accountKey,
      readyAt,
      launchEndedAt: launched.evidence.launchEndedAt,
      lastSeenAt: brought.lastSeenAt,
    });
    board.enter('ready', `handed to ${keepNodeId(request.name)}, which keeps it`);
    return node;
  } catch (error) {
    // A defect of ours is no reason to end a machine: the workflow task fails and is repeated by a mended worker, which goes on from here.
    if (!(error instanceof TemporalFailure)) throw error;
    if (saga.armed) {
      board.enter('unwinding', isCancellation(error) ? 'cancelled' : messageOf(error));
      await countingUnwind(unwindReason(error), () => saga.unwind());
      board.undone(isCancellation(error) ? 'cancelled' : messageOf(error));
      throwUnlessMachineAtFault(story, error);
      return undefined;
    }
    // Of a refused launch the broker has heard; of a grant that was not used it has not.
    if (!isRefused(error)) await leaveLine(request.name);
    return nextAfterRefusal(story, error);
  }
}

/** A bad machine costs a launch; everything else was the request's own end. */
function throwUnlessMachineAtFault(story: Story, error: unknown): void {
  const type = failureTypeOf(error);
  if (isCancellation(error) || !isMachineAtFault(type)) throw error;
  if (type === 'host_key_mismatch') {
    story.hostKeyMismatches += 1;
    // One machine may be a stranger's; two of one image are the image.
    if (story.hostKeyMismatches >= 2) {
      throw failure(
        type,
        `two machines of this image did not take the SSH host key that user data gave them: for images that ignore user data, ask with hostKey: 'trust-first' (${messageOf(error)})`,
        { cause: error, details: story.board.progress().launches },
      );
    }
  }
  if (story.board.launchesUsed < story.maxLaunches) return;
  const used = `${story.board.launchesUsed} of ${story.maxLaunches} launches used`;
  throw failure(type ?? 'instance_failed', `${messageOf(error)} (${used}; all undone)`, {
    cause: error,
    details: story.board.progress().launches,
  });
}

/** Nothing was created. A refusal for capacity is a normal answer: back to the wait. */
async function nextAfterRefusal(story: Story, error: unknown): Promise<undefined> {
  if (isCancellation(error) || !isWorthWaiting(error)) throw error;
  const type = failureTypeOf(error);
  story.lastRefusal = { type: type ?? 'provider_unavailable', message: messageOf(error) };
  if (type === 'capacity_unavailable') return undefined;
  const { retryAfterMs } = detailsOf<LaunchFailureDetails>(error);
  await waitBeforeNextLaunch(retryAfterMs ?? (type === 'quota_exceeded' ? MINUTE : 15 * SECOND), type ?? 'not sent');
  return undefined;
}

/** Only where nothing is owned is the history cut: a wait of weeks with many refusals must not fill it, nor keep an outdated worker busy. */
async function continueStory(story: Story): Promise<never> {
  // The next run would not know of a cancel that came while something was shielded from it.
  if (CancellationScope.current().consideredCancelled) throw new CancelledFailure('cancelled before it went on');
  return continueOnCurrentVersion<typeof provisionNode>({
    request: story.request,
    board: story.board.state(),
    hostKeyMismatches: story.hostKeyMismatches,
  });
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
