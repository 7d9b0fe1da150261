import { z } from 'zod';
import { FAILURE_TYPES } from '../domain/failures.ts';
import { PHASES } from '../domain/phases.ts';
import type { InstanceList, InstanceTypeList } from './list.ts';
import type { KeptNode, LaunchRecord, Progress } from './messages.ts';
import { node, provisionNodeRequest } from './provision-node.ts';
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
    requestedAt: time,
    launches: z.array(launchRecord).describe('Launches sent so far, refused ones not counted.'),
    capacityRefusals: z.int().describe('How often Lambda refused a launch for want of capacity.'),
    instanceId: z.string().exactOptional(),
    address: z.string().exactOptional().describe('Public IPv4 address.'),
    instanceType: z.string().exactOptional(),
    region: z.string().exactOptional(),
    costUsd: usd.describe('Estimate, US dollars, over all launches of this node so far.'),
    needsAttention: z.string().exactOptional().describe('What a person has to look at.'),
  })
  .describe('Where a node is on its way, and why it waits.') satisfies Describes<Progress>;

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

/** The `type` of the failure that a workflow ends with. */
export const failureType = z
  .enum(FAILURE_TYPES)
  .describe('Why a workflow failed: the type of its application failure.');
