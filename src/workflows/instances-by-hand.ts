import { CancellationScope, setHandler, workflowInfo } from '@temporalio/workflow';
import type { InstanceWithTags, OwnershipActivities } from '../activities/types.ts';
import type { AccountKey } from '../contract/kept-node.ts';
import { progressQuery } from '../contract/messages.ts';
import { invalidRequest, parseRequest } from '../contract/parse.ts';
import type { Node, ProvisionNodeRequest } from '../contract/provision-node.ts';
import {
  instanceRequest,
  type AdoptedInstance,
  type EndedInstance,
  type InstanceRequest,
  type ReleasedInstance,
} from '../contract/sweep.ts';
import { keepNodeId } from '../contract/workflow-ids.ts';
import { HAND_MS } from '../domain/deadlines.ts';
import { stateOf } from '../domain/instances.ts';
import { NODE_NAME_PATTERN, TAG, withoutOurTags } from '../domain/names.ts';
import { derivation, lambda, temporal } from './activities.ts';
import { Board } from './board.ts';
import { endLaunch } from './end-launch.ts';
import { failingPlainly, failure, messageOf } from './failures.ts';
import { handOver } from './hand-over.ts';

// What a person does when the sweeper cannot judge: after a lost Temporal database, with a namespace's tags that nobody knows any more. Each
// acts on one of our instances, by id, and only if no running workflow owns it: those are ended by name.

const BY_HAND = { withinMs: HAND_MS };

/** Ends the instance and returns on proof. */
export async function endInstance(input: InstanceRequest): Promise<EndedInstance> {
  const asked = parseRequest(instanceRequest, input);
  let board = new Board(asked.instanceId, 'accepted');
  setHandler(progressQuery, () => board.progress(), { description: 'How the end of the instance gets on.' });
  return failingPlainly(async () => {
    const { instance, owners } = await look(asked);
    refuseOwned(instance, owners);
    const accountKey = await readAccount();
    const { instanceId, node, launchToken } = instance;
    const now = Date.now();
    board = new Board(node, 'accepted');
    board.kept(instanceId, instance.address ?? '', undefined);
    board.enter('ending', 'by hand; waiting for the proof');
    await endLaunch(
      {
        launchToken,
        accountKey,
        instanceId,
        onlyThisInstance: true,
        evidence: { launchEndedAt: now, lastSeenAt: now },
      },
      board,
    );
    board.enter('ended', 'ended by hand, and proven');
    return { instanceId, node };
  });
}

/**
 * Gives the instance a keeper, made from its tags and from what Lambda shows, and then tags it as this namespace's. What only its first life
 * knew is missing: its GPUs are not listed, its request is what the tags say.
 */
export async function adoptInstance(input: InstanceRequest): Promise<AdoptedInstance> {
  return failingPlainly(async () => {
    const { instance, owners } = await look(input);
    if (owners.isKept && !owners.isTaggedHere) return retagged(instance); // an earlier adoption came only so far
    refuseOwned(instance, owners);
    const [busy] = owners.running;
    if (busy !== undefined) throw refused(`${busy} runs: there can be one node of a name`);
    if (stateOf(instance.status) === 'ending') throw refused(`Lambda shows it ${instance.status}`);
    const accountKey = await readAccount();
    const { instanceId, node: name, launchToken, instanceType, region, address, priceCentsPerHour } = instance;
    if (!NODE_NAME_PATTERN.test(name)) throw refused(`its tag ${TAG.node} is no node name`);
    if (address === undefined) throw refused(`Lambda shows it ${instance.status}, without an address`);
    const { fingerprint } = await derivation('derive its SSH host key').describeHostKey({ launchToken });
    const labels = Object.fromEntries(withoutOurTags(instance.tags).map(({ key, value }) => [key, value]));
    const pool = instance.tags.find(({ key }) => key === TAG.pool)?.value;
    const launchedAt = instance.tags.find(({ key }) => key === TAG.launchedAt)?.value ?? new Date().toISOString();
    const pooled = pool === undefined ? {} : { pool };
    const now = new Date().toISOString();
    const node: Node = {
      ...{ name, nodeId: instanceId, instanceId, launchToken, instanceType, region, ...pooled, address },
      gpus: [],
      labels,
      pricePerHourUsd: priceCentsPerHour / 100,
      hostKeyFingerprint: fingerprint,
      launchesUsed: 1,
      times: {
        ...{ requested: launchedAt, granted: launchedAt, launched: launchedAt },
        ...{ addressKnown: now, active: now, sshVerified: now, bootstrapped: now, ready: now },
      },
    };
    const request: ProvisionNodeRequest = {
      ...{ name, instanceType, region, ...pooled },
      ...(Object.keys(labels).length === 0 ? {} : { labels }),
    };
    const at = Date.now();
    const keep = { node, request, launchToken, priceCentsPerHour, accountKey };
    // The keeper owns it before its tags say so: nothing may take it for an orphan in between.
    await handOver(
      { launchToken, disarm: () => undefined },
      { ...keep, readyAt: at, launchEndedAt: at, lastSeenAt: at },
    );
    return retagged(instance);
  });
}

/** It has a keeper; now its tags should say whose it is. */
async function retagged(instance: Ours): Promise<AdoptedInstance> {
  const { instanceId, node } = instance;
  const tagsLeft = await CancellationScope.nonCancellable(() => retag(instance));
  return { instanceId, node, keeper: keepNodeId(node), ...(tagsLeft === undefined ? {} : { tagsLeft }) };
}

/** Takes our tags off: from then on it is nobody's here, and no sweep looks at it. */
export async function releaseInstance(input: InstanceRequest): Promise<ReleasedInstance> {
  return failingPlainly(async () => {
    const { instance, owners } = await look(input);
    refuseOwned(instance, owners);
    const { instanceId, node } = instance;
    const { applied } = await lambda('take our tags off', 'proof', BY_HAND).setTags({
      instanceId,
      tags: withoutOurTags(instance.tags),
    });
    if (!applied) {
      throw failure('provider_unavailable', `Lambda took the change of the tags of ${instanceId} and did not apply it`);
    }
    return { instanceId, node };
  });
}

/** Undefined when the tags name this namespace now; else why not. */
async function retag(instance: InstanceWithTags): Promise<string | undefined> {
  const { instanceId, tags } = instance;
  const { firstExecutionRunId: runId } = workflowInfo();
  try {
    const { applied } = await lambda('tag it as ours', 'proof', BY_HAND).tagAsOurs({ instanceId, runId, tags });
    return applied ? undefined : 'Lambda took the change of the tags and did not apply it';
  } catch (error) {
    return messageOf(error);
  }
}

type Ours = InstanceWithTags & { readonly node: string; readonly launchToken: string };

type Owners = Awaited<ReturnType<OwnershipActivities['ownersOf']>>;

/** The instance, if it is one of ours and lives, and who runs for its name. */
async function look(input: InstanceRequest): Promise<{ readonly instance: Ours; readonly owners: Owners }> {
  const { instanceId } = parseRequest(instanceRequest, input);
  const instance = await lambda('look at the instance', 'proof', BY_HAND).readTaggedInstance({ instanceId });
  if (instance === undefined) throw failure('instance_not_found', `instanceId: Lambda knows no instance ${instanceId}`);
  const { node, launchToken, status } = instance;
  if (node === undefined || launchToken === undefined) {
    throw refused('it does not carry our tags; what we did not launch we do not touch');
  }
  if (stateOf(status) === 'ended') throw refused(`Lambda shows it ${status}`);
  const owners = await temporal('who owns it', BY_HAND).ownersOf({ instance });
  return { instance: { ...instance, node, launchToken }, owners };
}

/** What a running workflow answers for is ended by name. */
function refuseOwned({ node }: Ours, { owner }: Owners): void {
  if (owner === undefined) return;
  throw refused(`${owner} runs and answers for it: navarch-provisioner terminate ${node} ends the node`);
}

async function readAccount(): Promise<AccountKey> {
  const accountKey = await lambda('whose account this is', 'proof', BY_HAND).readAccount();
  if (accountKey === undefined) throw refused('the account has no SSH key, by which it would be known again');
  return accountKey;
}

function refused(problem: string): Error {
  return invalidRequest([{ field: 'instanceId', problem }]);
}
