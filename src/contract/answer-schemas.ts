import { z } from 'zod';
import { FAILURE_TYPES, type FailureType } from '../domain/failures.ts';
import { VERDICT_KINDS, type VerdictKind } from '../domain/orphan-verdict.ts';
import { PHASES } from '../domain/phases.ts';
import type { Finding } from '../domain/findings.ts';
import type { WaitingLine } from './account-broker.ts';
import { WORKER_CHECK, type Diagnosis } from './diagnose.ts';
import type { InstanceList, InstanceTypeList } from './list.ts';
import type { Accepted, KeptNode, LaunchRecord, Progress } from './messages.ts';
import type { FieldProblem } from './parse.ts';
import { node, provisionNodeRequest } from './provision-node.ts';
import type {
  AdoptedInstance,
  EndedInstance,
  Judgement,
  OwnerTrouble,
  ReleasedInstance,
  SweepResult,
} from './sweep.ts';
import type { TerminatedNode } from './terminate-node.ts';

// What we answer, described for readers in other languages. The types beside the messages are the law; these follow them, field by field,
// or do not compile.

/** A schema that gives a T and names each of its fields. */
type Describes<T> = z.ZodType<T> & { readonly shape: Readonly<Record<keyof T, z.ZodType>> };

const time = z.string().describe('ISO 8601, UTC.');
const usd = z.number().describe('Estimate, US dollars.');

const launchRecord = z.object({
  token: z.string().describe('Launch token: in the name and the tags of its instance.'),
  instanceType: z.string(),
  region: z.string(),
  sentAt: time,
  instanceId: z.string().exactOptional(),
  failure: z.string().exactOptional().describe('Why it was given up; absent while it is the one in hand.'),
}) satisfies Describes<LaunchRecord>;

/** Answer of the `progress` query, of provisions and of keepers. */
export const progress = z
  .object({
    name: z.string(),
    phase: z.enum(PHASES),
    since: time.describe('Since when in this phase, ISO 8601, UTC.'),
    detail: z.string().exactOptional().describe('What it is waiting for, or doing, in one sentence.'),
    failure: z
      .string()
      .exactOptional()
      .describe('Once a provision has failed: the type of its failure; detail is the message.'),
    requestedAt: time,
    launches: z.array(launchRecord).describe('Launches sent so far, refused ones not counted.'),
    capacityRefusals: z.int().describe('How often Lambda refused a launch for want of capacity.'),
    instanceId: z.string().exactOptional(),
    address: z.string().exactOptional().describe('Public IPv4 address.'),
    instanceType: z.string().exactOptional(),
    region: z.string().exactOptional(),
    costUsd: usd.describe('Estimate, US dollars, over all launches of this node so far.'),
    needsAttention: z.string().exactOptional().describe('What a person has to look at.'),
    machine: z
      .object({
        step: z.string(),
        seconds: z.number().describe('Since the beginning of all steps.'),
        lastLines: z.array(z.string()).describe('Of its output, secrets taken out.'),
      })
      .exactOptional()
      .describe('What runs on the machine now, while something does.'),
  })
  .describe('Where a node is on its way, and why it waits.') satisfies Describes<Progress>;

/** Answer of the update `accept`. */
export const accepted = z
  .object({ workflowId: z.string(), runId: z.string() })
  .describe('The workflow that works on the request.') satisfies Describes<Accepted>;

/** Answer of a keeper's `node` query. */
export const keptNode = z
  .object({
    node,
    request: provisionNodeRequest,
    launchToken: z.string(),
    ending: z.boolean().describe('It is being ended: the name will be free.'),
  })
  .describe('A ready node, as its keeper knows it.') satisfies Describes<KeptNode>;

/** Result of `terminateNode`. */
export const terminatedNode = z
  .object({
    name: z.string(),
    outcome: z
      .enum(['provision_unwound', 'node_ended'])
      .describe('The provision was unwound, or the ready node was ended (or found to have ended elsewhere).'),
    instanceId: z.string().exactOptional(),
  })
  .describe('What ended, on proof.') satisfies Describes<TerminatedNode>;

/** Answer of the broker's `waitingLine` query. */
export const waitingLine = z
  .object({
    total: z.int().describe('How many wait in all.'),
    nodes: z
      .array(
        z.object({
          name: z.string(),
          place: z.int().describe('From 1.'),
          priority: z.int().describe('1 goes first, 5 last.'),
          since: time,
          until: time,
          instanceTypes: z.array(z.string()).readonly(),
          regions: z.array(z.string()).readonly().exactOptional().describe('Absent: any region.'),
          maxPricePerHourUsd: z.number().exactOptional(),
          reason: z.string().describe('Why it waits, in one sentence.'),
          takenBy: z
            .string()
            .exactOptional()
            .describe('The id of a living instance that has its name: it launches nothing while there is one.'),
        }) satisfies Describes<WaitingLine['nodes'][number]>,
      )
      .readonly()
      .describe('The first of them, in order.'),
    trouble: z.string().exactOptional().describe('What keeps the account from being looked at just now.'),
  })
  .describe(
    'Who waits for capacity in an account, in the order in which they are served.',
  ) satisfies Describes<WaitingLine>;

/** Result of `listInstances`. */
export const instanceList = z
  .object({
    instances: z.array(
      z.object({
        instanceId: z.string(),
        name: z.string().exactOptional(),
        status: z.string().describe("Lambda's word."),
        address: z.string().exactOptional(),
        instanceType: z.string(),
        region: z.string(),
        pricePerHourUsd: z.number(),
        node: z.string().exactOptional().describe('From our tags; absent on instances that are not ours.'),
        launchToken: z.string().exactOptional(),
      }) satisfies Describes<InstanceList['instances'][number]>,
    ),
  })
  .describe('Every instance of the account.') satisfies Describes<InstanceList>;

/** Result of `listInstanceTypes`. */
export const instanceTypeList = z
  .object({
    instanceTypes: z.array(
      z.object({
        name: z.string(),
        description: z.string(),
        gpus: z.int(),
        pricePerHourUsd: z.number().describe('For the whole instance.'),
        regionsWithCapacity: z.array(z.string()).describe('Regions that list capacity now: a hint, never a promise.'),
      }) satisfies Describes<InstanceTypeList['instanceTypes'][number]>,
    ),
  })
  .describe('Every type that Lambda offers.') satisfies Describes<InstanceTypeList>;

const count = z.int();

const judgement = z.object({
  instanceId: z.string(),
  verdict: z.enum(VERDICT_KINDS),
  reason: z.string().describe('For people.'),
  status: z.string().describe("Lambda's word."),
  instanceType: z.string(),
  region: z.string(),
  pricePerHourUsd: z.number().describe('For the whole instance.'),
  node: z.string().exactOptional().describe('From our tags.'),
  launchToken: z.string().exactOptional(),
  ownerlessSince: z.string().exactOptional().describe('When it was first seen without an owner, ISO 8601, UTC.'),
}) satisfies Describes<Judgement>;

/** Result of `sweepOrphans`, without the ledger: that is what sweeps note for each other, and no caller's to build on. */
export const sweepResult = z
  .object({
    at: z.string().describe('When the list was asked for, ISO 8601, UTC.'),
    dryRun: z.boolean(),
    counts: z
      .object({
        owned: count.describe('A running workflow lists it.'),
        suspected: count.describe('Without an owner, at the first sighting.'),
        orphan: count.describe('Without an owner, at the second sighting: to be ended.'),
        ending: count.describe('Without an owner, and terminating already.'),
        ended: count.describe("Terminated or preempted, by Lambda's word."),
        unknown: count.describe('Cannot be judged: a person should look.'),
      } satisfies Record<VerdictKind, z.ZodType>)
      .describe('Instances that carry our tags, by verdict.'),
    ended: z
      .array(z.string())
      .describe(
        'Ids that this sweep asked Lambda to end. One that is still there is asked for again by the next sweep.',
      ),
    proven: z.array(z.string()).describe('Ids, asked for by earlier sweeps, that this one found proven gone.'),
    unproven: count.describe('How many of those asked for are not proven gone yet.'),
    stopped: z.string().exactOptional().describe('Why it ended nothing although there are orphans.'),
    reported: z
      .array(judgement)
      .describe('Each instance that is not plainly owned; of a dry run, each of ours. At most 200.'),
    owners: z
      .array(z.object({ workflowId: z.string(), problem: z.string() }) satisfies Describes<OwnerTrouble>)
      .describe('Running owners that a person should look at.'),
  })
  .describe('What a sweep saw, and what it did.') satisfies Describes<Omit<SweepResult, 'ledger'>>;

/** Result of `endInstance`. */
export const endedInstance = z
  .object({ instanceId: z.string(), node: z.string() })
  .describe('The instance is gone, and that is proven.') satisfies Describes<EndedInstance>;

/** Result of `adoptInstance`. */
export const adoptedInstance = z
  .object({
    instanceId: z.string(),
    node: z.string(),
    keeper: z.string().describe('Id of the workflow that owns it now.'),
    tagsLeft: z
      .string()
      .exactOptional()
      .describe('Why its tags still name the former namespace: no sweep ends it if its keeper is terminated by force.'),
  })
  .describe('The instance is a node again.') satisfies Describes<AdoptedInstance>;

/** Result of `releaseInstance`. */
export const releasedInstance = z
  .object({ instanceId: z.string(), node: z.string().exactOptional().describe('The node that it was.') })
  .describe('The instance carries none of our tags any more.') satisfies Describes<ReleasedInstance>;

/** Result of `diagnose`. */
export const diagnosis = z
  .object({
    findings: z.array(
      z.object({
        check: z.enum(WORKER_CHECK).describe('What was looked at.'),
        verdict: z.enum(['ok', 'wrong', 'unknown']).describe('unknown: it could not be looked at, or not in time.'),
        seen: z.string().describe('For people.'),
        todo: z.string().exactOptional().describe('What to do about it, for people; absent where it is ok.'),
      }) satisfies Describes<Finding>,
    ),
  })
  .describe('What a worker finds of its own keys, addresses and clock.') satisfies Describes<Diagnosis>;

/** The `type` of the failure that a workflow ends with. */
export const failureType = z
  .enum(FAILURE_TYPES)
  .describe('Why a workflow failed: the type of its application failure.');

const machinesAtFault = z.array(launchRecord).exactOptional().describe('The launches that were used, all undone.');

const providerSays = {
  code: z.string().exactOptional().describe("Lambda's own."),
  status: z.int().exactOptional().describe('Of HTTP.'),
  requestId: z.string().exactOptional().describe("For a question to Lambda's support."),
};

const fromProvider = z.object(providerSays).exactOptional().describe('Where Lambda answered: what it said.');

/** The first detail of a failure, by the failure's type. */
export const failureDetails = z
  .object({
    invalid_request: z
      .object({
        fields: z
          .array(
            z.object({
              field: z.string().describe('Dotted path; request: the whole.'),
              problem: z.string().describe('For people.'),
            }) satisfies Describes<FieldProblem>,
          )
          .exactOptional()
          .describe('Absent where only the message names them.'),
        ...providerSays,
      })
      .exactOptional()
      .describe('What is wrong with the request; where Lambda refused the launch for it, what Lambda said.'),
    name_conflict: z
      .object({ fields: z.array(z.string()).describe('Dotted paths in which the two requests differ.') })
      .exactOptional()
      .describe('Absent where another machine, not another request, is in the way.'),
    instance_failed: machinesAtFault,
    host_key_mismatch: machinesAtFault,
    ssh_unreachable: machinesAtFault,
    gpu_unhealthy: machinesAtFault,
    bootstrap_failed: machinesAtFault,
    registration_failed: machinesAtFault,
    unauthorized: fromProvider,
    quota_exceeded: fromProvider,
    rate_limited: fromProvider,
    provider_unavailable: fromProvider,
    launch_outcome_unknown: fromProvider,
    instance_not_found: fromProvider,
  } satisfies Partial<Record<FailureType, z.ZodType>>)
  .describe(
    'What a failure says beyond its message: its first detail, by its type. What a type that is absent may say is not part of the contract.',
  );
