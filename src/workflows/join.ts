import type { KeeperLook } from '../activities/types.ts';
import type { Node, ProvisionNodeRequest } from '../contract/provision-node.ts';
import { refuseDifferent } from '../contract/same-request.ts';
import { keepNodeId } from '../contract/workflow-ids.ts';
import { KEEPER_ANSWER_MS, WAIT_FOR_ENDING_KEEPER_MS } from '../domain/deadlines.ts';
import { formatDuration } from '../domain/durations.ts';
import { passing, temporal } from './activities.ts';
import type { Board } from './board.ts';
import { failure, ranOutOfTime } from './failures.ts';
import { inPassing } from './in-passing.ts';

/** P9. The living node when it was provisioned by the same request; undefined when the name is free. Waits for a keeper that is ending. */
export async function joinKept(
  request: ProvisionNodeRequest,
  board: Board,
  admission: { grant(): void },
): Promise<Node | undefined> {
  const { name } = request;
  for (;;) {
    const look = await lookUpKeeper(name);
    if (look.kind === 'running' && !look.kept.ending) refuseDifferent(request, look.kept.request, name);
    admission.grant();
    if (look.kind === 'none') return undefined;
    if (!look.kept.ending) {
      board.enter('ready', 'already kept: joined');
      return look.kept.node;
    }
    board.enter('accepted', `waiting until ${keepNodeId(name)} has ended its machine`);
    await temporal('until the ending keeper is done', { withinMs: WAIT_FOR_ENDING_KEEPER_MS }).awaitClosed({
      run: look.run,
    });
  }
}

/** A keeper that runs but does not answer holds the name: it has no worker, or a failing task. */
async function lookUpKeeper(name: string): Promise<KeeperLook> {
  const what = 'is the node already kept?';
  try {
    return await inPassing(
      () => passing(what).lookUpKeeper({ name }),
      () => temporal(what, { withinMs: KEEPER_ANSWER_MS }).lookUpKeeper({ name }),
    );
  } catch (error) {
    if (!ranOutOfTime(error)) throw error;
    const waited = formatDuration(KEEPER_ANSWER_MS);
    throw failure('name_conflict', `name: ${keepNodeId(name)} runs but did not say within ${waited} what it keeps`, {
      cause: error,
    });
  }
}
