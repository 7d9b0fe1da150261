import { setCurrentDetails } from '@temporalio/workflow';
import { parseRequest } from '../contract/parse.ts';
import { terminateNodeRequest, type TerminatedNode, type TerminateNodeRequest } from '../contract/terminate-node.ts';
import { keepNodeId, provisionNodeId } from '../contract/workflow-ids.ts';
import type { KeeperReference, RunReference } from '../activities/types.ts';
import { parseDuration } from '../domain/durations.ts';
import { temporal } from './activities.ts';
import { endRemains } from './end-remains.ts';
import { failingPlainly, failure } from './failures.ts';

/**
 * Ends a node by name, wherever it is: a provision is cancelled and unwinds, a keeper is asked and ends its machine. Returns on their
 * proof. Whom it ends is captured once: a later run of the name is a newer wish. It owns nothing itself; only what a run that was ended by
 * force has left, and no running owner lists, it ends by tag.
 */
export async function terminateNode(input: TerminateNodeRequest): Promise<TerminatedNode> {
  const request = parseRequest(terminateNodeRequest, input);
  return failingPlainly(() => terminate(request));
}

async function terminate(request: TerminateNodeRequest): Promise<TerminatedNode> {
  const { name } = request;
  const { provision, keeper: keptBefore } = await temporal('who owns the node').lookUpOwners({ name });
  if (provision === undefined && keptBefore === undefined) return endWhatWasLeft(name);

  let byForce = false;
  let handedOver = false;
  if (provision !== undefined) {
    setCurrentDetails(`- cancelled \`${provision.workflowId}\`; waiting until it has undone what it launched`);
    const status = await cancelProvision(provision);
    byForce = !ENDED_BY_ITSELF.includes(status);
    handedOver = status === 'COMPLETED';
  }
  // It was handed over before the cancel came, or was kept all along: a provision that only joined, or waited, leaves that keeper to us.
  const keeper = keptBefore ?? (provision === undefined ? undefined : await keeperOf(name, provision));
  if (keeper !== undefined) {
    setCurrentDetails(`- asked \`${keeper.workflowId}\` to end its node; waiting until that is proven`);
    byForce = (await endKept(keeper, request)) !== 'COMPLETED' || byForce;
  } else if (handedOver) byForce = await lastKeeperWasForced(name);
  if (byForce) await endRemains(name);
  if (keeper === undefined && !handedOver) return { name, outcome: 'provision_unwound' };
  const { instanceId } = keeper ?? {};
  return { name, outcome: 'node_ended', ...(instanceId === undefined ? {} : { instanceId }) };
}

/** How an owner closes that has undone what it did, or handed it on. */
const ENDED_BY_ITSELF = ['COMPLETED', 'CANCELLED', 'FAILED'];

/** Terminated, timed out: closed, and no undo ran. */
function isForced(status: string | undefined): boolean {
  return status === 'TERMINATED' || status === 'TIMED_OUT';
}

/** It was handed over, and its keeper no longer runs. */
async function lastKeeperWasForced(name: string): Promise<boolean> {
  const { keeper } = await temporal('how its keeper ended').lookUpLastEnds({ name });
  return isForced(keeper);
}

/** Nobody runs. If the last owner was ended by force, what it left is ended; otherwise there is nothing of that name. */
async function endWhatWasLeft(name: string): Promise<TerminatedNode> {
  const ends = await temporal('how its last owners ended').lookUpLastEnds({ name });
  if (!isForced(ends.provision) && !isForced(ends.keeper)) {
    throw failure(
      'node_not_found',
      `name: no node ${name} is being provisioned or kept (neither ${provisionNodeId(name)} nor ${keepNodeId(name)} is running)`,
    );
  }
  await endRemains(name);
  return { name, outcome: 'node_ended' };
}

/** The keeper to which this very provision handed its node. */
async function keeperOf(name: string, provision: RunReference): Promise<KeeperReference | undefined> {
  const { keeper } = await temporal('who keeps the node').lookUpOwners({ name });
  const { launchedBy } = keeper ?? {};
  return launchedBy === undefined || launchedBy === provision.firstRunId ? keeper : undefined;
}

async function cancelProvision(run: RunReference): Promise<string> {
  await temporal('cancel the provision').cancelRun({ run });
  const { status } = await temporal('until the provision has unwound').awaitClosed({ run });
  return status;
}

async function endKept(run: KeeperReference, request: TerminateNodeRequest): Promise<string> {
  const wish = {
    reason: request.reason ?? 'terminateNode was asked to end it',
    drainForMs: request.drainFor === undefined ? 0 : (parseDuration(request.drainFor) ?? 0),
  };
  await temporal('ask the keeper to end the node').askToEnd({ run, wish });
  const { status } = await temporal('until the keeper has ended the node').awaitClosed({ run });
  return status;
}
