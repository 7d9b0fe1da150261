import { z } from 'zod';
import { templateVariables, unknownVariables } from '../domain/bootstrap-plan.ts';
import { DURATION_PATTERN } from '../domain/durations.ts';
import { NODE_NAME_PATTERN, NODE_NAME_RULE, RESERVED_LABEL_PREFIXES } from '../domain/names.ts';

export const nodeName = z
  .string()
  .regex(NODE_NAME_PATTERN, NODE_NAME_RULE)
  .describe('The node: a DNS label of at most 40 characters, unique among live nodes of the account.');

export const duration = z
  .string()
  .regex(DURATION_PATTERN, 'must be a whole number and a unit: 500ms, 90s, 15m, 48h, 30d')
  .describe('A whole number and a unit: 500ms, 90s, 15m, 48h, 30d.');

const word = z.string().min(1).max(128);
const oneOrMore = z.union([word, z.array(word).min(1).max(20)]);

// Lambda's rules for tags: key ^[a-z][a-z0-9-:]+$ of at most 55 characters, value of at most 128.
const labels = z.record(
  z
    .string()
    .regex(
      /^[a-z][a-z0-9-:]{1,54}$/,
      'key must be 2 to 55 lower-case letters, digits, hyphens or colons, beginning with a letter',
    )
    .refine((key) => !RESERVED_LABEL_PREFIXES.some((prefix) => key.startsWith(prefix)), {
      error: `key must not begin with ${RESERVED_LABEL_PREFIXES.join(' or ')}`,
    }),
  z.string().max(128),
);

const bootstrapCommand = z
  .string()
  .min(1)
  .superRefine((command, context) => {
    for (const unknown of unknownVariables(command)) {
      context.addIssue({ code: 'custom', message: `${unknown} is not one of ${templateVariables().join(', ')}` });
    }
  });

/** What a caller asks for. Parsed strictly: an unknown field is refused, so that a misspelt wish is not silently ignored. */
export const provisionNodeRequest = z
  .strictObject({
    name: nodeName,
    instanceType: oneOrMore.describe('Lambda instance type, or several in order of preference.'),
    region: oneOrMore.optional().describe('Lambda region, or several in order of preference. Default: any.'),
    sshKeyNames: z
      .array(z.string().min(1).max(64))
      .length(1, 'must name exactly one SSH key (Lambda takes one)')
      .optional()
      .describe(
        "Name of the SSH key registered with Lambda whose private half the worker holds. Default: the worker's.",
      ),
    image: z
      .union([z.strictObject({ id: word }), z.strictObject({ family: word })])
      .optional()
      .describe('Image by id or by family. Default: the family the worker is configured with.'),
    fileSystemNames: z.array(word).max(24).optional().describe('Filesystems to attach; they must be in the region.'),
    pool: z
      .string()
      .regex(
        /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/,
        'must be 1 to 63 letters, digits, dots, underscores or hyphens',
      )
      .optional()
      .describe('Navarch pool.'),
    labels: labels.optional().describe('Further tags of the instance.'),
    bootstrap: z
      .strictObject({ commands: z.array(bootstrapCommand).min(1).max(100) })
      .optional()
      .describe(
        "Commands run as root with Navarch's template variables, instead of the built-in installation of navarch-node.",
      ),
    capacity: z
      .strictObject({ waitUpTo: duration.optional().describe('How long to wait for capacity. Default 30d.') })
      .optional(),
    maxPricePerHourUsd: z.number().positive().max(10_000).optional().describe('For the whole instance.'),
    maxLaunches: z
      .int()
      .min(1)
      .max(20)
      .optional()
      .describe('Launches to use before giving up on bad machines. Default 3.'),
    lifetime: duration
      .optional()
      .describe('The node is ended so long after it became ready. Default: only when asked.'),
    deadlines: z
      .strictObject({
        address: duration.optional(),
        ssh: duration.optional(),
        bootstrap: duration.optional(),
        active: duration.optional(),
        registration: duration.optional(),
        whole: duration
          .optional()
          .describe('From the request to ready, all waits included. Default: none but those of the parts.'),
      })
      .optional()
      .describe('Overrides of how long each part of one launch may take.'),
  })
  .describe('A GPU node to provision.');

export type ProvisionNodeRequest = z.output<typeof provisionNodeRequest>;

const gpu = z.object({
  index: z.int(),
  uuid: z.string(),
  model: z.string(),
  memoryMib: z.number(),
});

const time = z.string().describe('ISO 8601, UTC.');

/** A ready node. Additive only: a reader must ignore fields it does not know. */
export const node = z.object({
  name: z.string(),
  nodeId: z.string().describe("Navarch's node id: the instance id."),
  instanceId: z.string().describe("Lambda's, 32 hex digits."),
  launchToken: z.string(),
  instanceType: z.string(),
  region: z.string(),
  address: z.string().describe('Public IPv4 address.'),
  gpus: z.array(gpu),
  pool: z.string().optional(),
  labels: z.record(z.string(), z.string()),
  pricePerHourUsd: z.number().describe('For the whole instance.'),
  hostKeyFingerprint: z.string().describe('Of its SSH host key, SHA256:<base64>.'),
  launchesUsed: z.int(),
  times: z.object({
    requested: time,
    granted: time,
    launched: time,
    addressKnown: time,
    active: time,
    sshVerified: time,
    bootstrapped: time,
    ready: time,
  }),
});

export type Node = z.output<typeof node>;
