import {
  allHandlersFinished,
  CancellationScope,
  condition,
  isCancellation,
  log,
  setHandler,
  sleep,
  upsertMemo,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { MISSING, type InstanceNews } from '../contract/account-broker.ts';
import type { EndedNode, KeepNodeInput } from '../contract/kept-node.ts';
import { DUE_BY, OWNED_INSTANCE, OWNED_TOKENS } from '../contract/memo.ts';
import { endNodeSignal, keptNodeQuery, progressQuery, wakeSignal, type EndWish } from '../contract/messages.ts';
import { SEARCH_ATTRIBUTE } from '../contract/search-attributes.ts';
import { costUsd } from '../domain/cost.ts';
import { KEEPER_GENERATION_MS, KEPT_LOOK_MS } from '../domain/deadlines.ts';
import { LONGEST_MS, parseDuration } from '../domain/durations.ts';
import { stateOf } from '../domain/instances.ts';
import { seen, type Evidence } from '../domain/proof-of-absence.ts';
import { temporal } from './activities.ts';
import { aboutKeeper } from './about.ts';
import { Board } from './board.ts';
import { endLaunch, proveAbsentOrFind, type OwnedLaunch } from './end-launch.ts';
import { messageOf } from './failures.ts';
import { Inbox } from './inbox.ts';
import { leaveNavarch } from './leave-navarch.ts';
import { countingUnwind, runEnded } from './metrics.ts';
import { continueOnCurrentVersion, isOutdated } from './versions.ts';

/**
 * Owns a ready node for as long as it lives: says who it is, keeps its lifetime, ends it when asked, notices when it ended elsewhere. P13: it
 * ends its node only by a wish (signal, cancel) or its lifetime; whatever else goes wrong is shown and survived.
 */
export async function keepNode(input: KeepNodeInput): Promise<EndedNode> {
  const { node, launchToken } = input;
  const news = new Inbox();
  const launch: OwnedLaunch = {
    launchToken,
    accountKey: input.accountKey,
    news,
    instanceId: node.instanceId,
    evidence: { launchEndedAt: input.launchEndedAt, lastSeenAt: input.lastSeenAt },
  };
  const endsAt = lifetimeEnd(input);
  const board = keptBoard(input, endsAt);
  // What ends it: a wish, or proof that it ended elsewhere.
  const end: { wish?: EndWish; disappeared?: string } = input.endWish === undefined ? {} : { wish: input.endWish };

  const isEnding = (): boolean => end.wish !== undefined || end.disappeared !== undefined;

  setHandler(
    keptNodeQuery,
    () => ({
      node,
      request: input.request,
      launchToken,
      ending: isEnding(),
    }),
    { description: 'The node and the request it came of.' },
  );
  setHandler(progressQuery, () => board.progress(), { description: 'How the node is, and what it has cost.' });
  setHandler(endNodeSignal, (asked) => void (end.wish ??= readWish(asked)), {
    description: 'End the node: cordon, drain, terminate, prove.',
  });
  // One that is woken moves to the current version. Not by itself: what an operator holds back would move in vain, again and again.
  let isWoken = false;
  setHandler(wakeSignal, () => void (isWoken = true), {
    description: 'Nothing: it only wakes. Where workers are versions, it moves to the current one.',
  });
  // All of it: where payloads are encrypted, with the key of today. One entry that cannot be read any more hides the rest.
  upsertMemo({
    ...workflowInfo().memo,
    [OWNED_TOKENS]: [launchToken],
    [OWNED_INSTANCE]: node.instanceId,
    [DUE_BY]: endsAt ?? 0,
  });

  const generationEnds = Date.now() + KEEPER_GENERATION_MS;
  try {
    await CancellationScope.cancellable(async () => {
      const scope = CancellationScope.current();
      const watching = watch(launch, news, board).then((reason) => void (end.disappeared = reason));
      const until = Math.min(endsAt ?? Infinity, generationEnds);
      const waiting = condition(
        () => isEnding() || workflowInfo().continueAsNewSuggested || (isWoken && isOutdated()),
        Math.max(until - Date.now(), 1),
        {
          summary: endsAt === until ? 'its lifetime' : 'a new generation of the keeper',
        },
      );
      try {
        await Promise.race([waiting, watching]);
      } finally {
        scope.cancel();
        await Promise.allSettled([watching, waiting]);
      }
    });
  } catch (error) {
    if (!isCancellation(error)) throw error;
  }
  const cancelled = CancellationScope.current().consideredCancelled;
  const reason = cancelled ? 'the keeper was cancelled' : 'its lifetime is over';
  if (cancelled || (endsAt !== undefined && Date.now() >= endsAt)) end.wish ??= { reason, drainForMs: 0 };

  if (!isEnding()) {
    await condition(allHandlersFinished);
    const lastSeenAt = launch.evidence.lastSeenAt ?? input.lastSeenAt;
    // A wish that came in the last moment goes along.
    const { request, accountKey, priceCentsPerHour, readyAt, launchEndedAt } = input;
    return continueOnCurrentVersion<typeof keepNode>({
      node,
      request,
      launchToken,
      accountKey,
      priceCentsPerHour,
      readyAt,
      launchEndedAt,
      lastSeenAt,
      ...(board.attention === undefined ? {} : { needsAttention: board.attention }),
      ...(end.wish === undefined ? {} : { endWish: end.wish }),
    });
  }
  return CancellationScope.nonCancellable(async () => {
    const { wish, disappeared } = end;
    if (disappeared === undefined) {
      const asked = wish ?? { reason: '', drainForMs: 0 };
      board.enter('ending', asked.reason);
      await leaveNavarch(node, asked);
      // "As before" is not told: for all we know it was there until now (P12).
      launch.evidence = seen(launch.evidence, Date.now());
      await countingUnwind('asked', () => endLaunch(launch, board));
    }
    const reason = disappeared ?? wish?.reason ?? '';
    board.enter('ended', reason);
    upsertMemo({ [OWNED_TOKENS]: [], [OWNED_INSTANCE]: '', [DUE_BY]: 0 });
    await condition(allHandlersFinished);
    runEnded(disappeared === undefined ? 'asked' : 'disappeared');
    return {
      name: node.name,
      instanceId: node.instanceId,
      how: disappeared === undefined ? 'asked' : 'disappeared',
      reason,
      endedAt: new Date().toISOString(),
      costUsd: costUsd(input.priceCentsPerHour, Date.now() - Date.parse(node.times.launched)),
    };
  });
}

/**
 * Hears of the instance and returns why it is gone, on proof. Nothing else it meets ends the watch. It costs nothing while nothing happens:
 * the broker lists the fleet for everybody, and is woken by the sweeps should it be lost.
 */
async function watch(launch: OwnedLaunch, news: Inbox, board: Board): Promise<string> {
  const wanted = { launchToken: launch.launchToken, instanceId: launch.instanceId ?? '' };
  let known: InstanceNews | undefined;
  for (;;) {
    try {
      // Once a generation, should the sweeps be paused.
      if (known === undefined && isContinued()) await temporal('make sure of the broker').askToLook({ ifOlder: true });
      const told = await news.next(wanted, known, undefined, '');
      known = told ?? known;
      if (known === undefined) continue;
      const { status, at, lastListedBy } = known;
      if (stateOf(status) === 'ended') return `Lambda shows the instance ${status}`;
      if (status !== MISSING) {
        launch.evidence = seenBy(launch.evidence, at);
        show(board, status);
        continue;
      }
      // For all we know it was there until the list before (P12).
      launch.evidence = seenBy(launch.evidence, lastListedBy ?? Date.now());
      const found = await proveAbsentOrFind(launch, board);
      if (found === 'gone') return 'the instance is gone: absent from the list and by id, twice';
      if (found.some((instance) => stateOf(instance.status) === 'active')) board.attentionGiven();
    } catch (error) {
      if (isCancellation(error)) throw error;
      // P13: a watch that fails is a flag, not an end.
      board.askForAttention(`the instance cannot be watched: ${messageOf(error)}`);
      await sleep(KEPT_LOOK_MS, { summary: 'before watching again' });
    }
  }
}

function isContinued(): boolean {
  return workflowInfo().continuedFromExecutionRunId !== undefined;
}

/** News tell of a list that may be older than what we have seen ourselves. */
function seenBy(evidence: Evidence, at: number): Evidence {
  return seen(evidence, Math.max(at, evidence.lastSeenAt ?? 0));
}

function show(board: Board, status: string): void {
  if (stateOf(status) === 'active') board.attentionGiven();
  else board.askForAttention(`Lambda shows the instance ${status}`);
}

function keptBoard(input: KeepNodeInput, endsAt: number | undefined): Board {
  const { node } = input;
  const board = new Board(node.name, 'ready', aboutKeeper(input, endsAt), {
    requestedAt: Date.parse(node.times.requested),
    entries: [
      {
        record: {
          token: input.launchToken,
          instanceType: node.instanceType,
          region: node.region,
          sentAt: node.times.launched,
          instanceId: node.instanceId,
        },
        priceCentsPerHour: input.priceCentsPerHour,
        from: Date.parse(node.times.launched),
      },
    ],
  });
  board.kept(node.instanceId, node.address, input.needsAttention);
  if (input.needsAttention === undefined) upsertSearchAttributes([{ key: SEARCH_ATTRIBUTE.phase, value: 'ready' }]);
  return board;
}

/** A wish as another version, or a person at the command line, may have written it: that there is one counts, the rest has defaults (P13). */
function readWish(asked: unknown): EndWish {
  const { reason, drainForMs } = (typeof asked === 'object' && asked !== null ? asked : {}) as Partial<
    Record<keyof EndWish, unknown>
  >;
  const ms = typeof drainForMs === 'number' && Number.isFinite(drainForMs) ? drainForMs : 0;
  return {
    reason: typeof reason === 'string' ? reason : 'it was asked to',
    drainForMs: Math.min(Math.max(ms, 0), LONGEST_MS),
  };
}

/** Milliseconds since the epoch; undefined: it lives until it is asked to end. */
function lifetimeEnd(input: KeepNodeInput): number | undefined {
  const { lifetime } = input.request;
  if (lifetime === undefined) return undefined;
  const ms = parseDuration(lifetime);
  if (ms === undefined) {
    log.error('lifetime cannot be read: the node is kept until it is asked to end', { lifetime });
    return undefined;
  }
  return input.readyAt + ms;
}
