import { z } from 'zod';
import { BOOTSTRAP_SECRET_PATTERN, templateVariables, unknownVariables } from '../domain/bootstrap-plan.ts';
import { CAPACITY_WAIT_MS, DEFAULT_DEADLINES, DEFAULT_MAX_LAUNCHES } from '../domain/deadlines.ts';
import { DURATION_PATTERN, formatDuration, LONGEST_MS, parseDuration } from '../domain/durations.ts';
import { userDataProblems } from '../domain/user-data.ts';
import { NODE_NAME_PATTERN, NODE_NAME_RULE, RESERVED_LABEL_PREFIXES } from '../domain/names.ts';

export const nodeName = z
  .string()
  .regex(NODE_NAME_PATTERN, NODE_NAME_RULE)
  .describe('The node: a DNS label of at most 40 characters, unique among live nodes of the account.');

export const duration = z
  .string()
  .regex(DURATION_PATTERN, 'must be a whole number and a unit: 500ms, 90s, 15m, 48h, 30d')
  .refine((text) => (parseDuration(text) ?? 0) <= LONGEST_MS, 'must be at most 3650d')
  .describe('A whole number and a unit: 500ms, 90s, 15m, 48h, 30d.');

/** Of what cannot be done in no time: 0s would not switch it off, it would let it fail. */
const positiveDuration = duration.refine((text) => parseDuration(text) !== 0, 'must be longer than 0s');

const word = z.string().min(1).max(128);
const oneOrMore = z.union([word, z.array(word).min(1).max(20)], 'must be a string or a list of strings');

// Lambda's rules for tags: key ^[a-z][a-z0-9-:]+$ of at most 55 characters, value of at most 128.
const labels = z.record(
  z
    .string()
    .regex(
      /^[a-z][a-z0-9:-]{1,54}$/,
      'key must be 2 to 55 lower-case letters, digits, hyphens or colons, beginning with a letter',
    )
    .refine((key) => !RESERVED_LABEL_PREFIXES.some((prefix) => key.startsWith(prefix)), {
      error: `key must not begin with ${RESERVED_LABEL_PREFIXES.join(' or ')}`,
    })
    // For the JSON Schema, which cannot see the refinement.
    .meta({ not: { pattern: `^(${RESERVED_LABEL_PREFIXES.join('|')})` } }),
  z.string().max(128),
);

// Each is one argument of bash, of which Linux takes 128 KiB; quoting makes up to four bytes of a character.
const bootstrapCommand = z
  .string()
  .min(1)
  .max(32_000)
  .superRefine((command, context) => {
    for (const unknown of unknownVariables(command)) {
      context.addIssue({ code: 'custom', message: `${unknown} is not one of ${templateVariables().join(', ')}` });
    }
  });

const bootstrapStep = z.union(
  [
    bootstrapCommand,
    z.strictObject({
      run: bootstrapCommand,
      title: z
        .string()
        .regex(/^[\x20-\x7e]{1,80}$/, 'must be one line of at most 80 printable ASCII characters')
        .optional()
        .describe('Shown while it runs. Default: which of the commands it is.'),
      repeatable: z
        .boolean()
        .optional()
        .describe('It may be run once more when it fails, or when the machine rebooted in its midst. Default false.'),
      timeout: positiveDuration
        .optional()
        .describe('It is ended, and has failed, after so long. Default: deadlines.bootstrapStep.'),
    }),
  ],
  'must be a command or {"run": command, …}',
);

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
      .union(
        [z.strictObject({ id: word }), z.strictObject({ family: word })],
        'must be either {"id": …} or {"family": …}',
      )
      .optional()
      .describe('Image by id or by family. Default: the family the worker is configured with.'),
    fileSystemNames: z.array(word).max(24).optional().describe('Filesystems to attach; they must be in the region.'),
    pool: z
      .string()
      .regex(
        /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/,
        'must be 1 to 63 letters, digits, dots, underscores or hyphens, the first and the last a letter or digit',
      )
      .optional()
      .describe('Navarch pool.'),
    labels: labels.optional().describe('Further tags of the instance.'),
    bootstrap: z
      .strictObject({
        commands: z.array(bootstrapStep).min(1).max(100),
        secrets: z
          .array(
            z
              .string()
              .regex(
                BOOTSTRAP_SECRET_PATTERN,
                'must be the name of an environment variable: letters, digits and underscores, at most 64, not beginning with a digit',
              ),
          )
          .max(50)
          .optional()
          .describe(
            'Names of secrets that the worker holds. The commands find each in the environment variable of its name; the values never leave the worker but for the machine.',
          ),
      })
      .optional()
      .describe(
        `Commands run as root, each by a bash of its own, instead of the built-in installation of navarch-node. Navarch's template variables ${templateVariables().join(', ')} are put in shell-quoted.`,
      ),
    userData: z
      .string()
      .superRefine((text, context) => {
        for (const message of userDataProblems(text)) context.addIssue({ code: 'custom', message });
      })
      .optional()
      .describe(
        'cloud-init user data of your own (#cloud-config, a script, or a MIME multipart), given to the machine together with ours, which chooses its SSH host key. It is kept in the history: no secrets.',
      ),
    hostKey: z
      .enum(['pinned', 'trust-first'])
      .optional()
      .describe(
        'pinned: the machine has to show the SSH host key that we gave it. trust-first, for images that ignore user data: whoever answers first at the address is believed, and pinned from then on. Default pinned.',
      ),
    gpuCheck: z
      .enum(['on', 'off'])
      .optional()
      .describe(
        'on: every GPU has to open a CUDA context, and count, model and memory have to be what was ordered. Types without GPUs are not checked. Default on.',
      ),
    registration: z
      .enum(['agent', 'direct'])
      .optional()
      .describe(
        'agent: navarch-node on the machine registers it, and has to be heard. direct: we register it, for images without an agent; nothing is heard of it then. Default agent.',
      ),
    allowFakeGpus: z
      .boolean()
      .optional()
      .describe(
        'Takes a node whose agent found no NVIDIA driver and registered invented GPUs. For test environments. Default false.',
      ),
    capacity: z
      .strictObject({
        waitUpTo: duration
          .optional()
          .describe(`How long to wait for capacity. Default ${formatDuration(CAPACITY_WAIT_MS)}.`),
        priority: z
          .int()
          .min(1)
          .max(5)
          .optional()
          .describe(
            'Among those who wait for capacity in one account: 1 goes first, 5 last, and within a priority whoever asked first. Default 3.',
          ),
      })
      .optional()
      .describe('How capacity is waited for.'),
    maxPricePerHourUsd: z.number().positive().max(10_000).optional().describe('For the whole instance.'),
    maxLaunches: z
      .int()
      .min(1)
      .max(20)
      .optional()
      .describe(`Launches to use before giving up on bad machines. Default ${DEFAULT_MAX_LAUNCHES}.`),
    lifetime: positiveDuration
      .optional()
      .describe('The node is ended so long after it became ready. Default: only when asked.'),
    deadlines: z
      .strictObject({
        address: positiveDuration
          .optional()
          .describe(`From launch to an address. Default ${formatDuration(DEFAULT_DEADLINES.addressMs)}.`),
        ssh: positiveDuration
          .optional()
          .describe(`From the address to a verified SSH session. Default ${formatDuration(DEFAULT_DEADLINES.sshMs)}.`),
        gpu: positiveDuration
          .optional()
          .describe(`The proof of the GPUs. Default ${formatDuration(DEFAULT_DEADLINES.gpuMs)}.`),
        bootstrapStep: positiveDuration
          .optional()
          .describe(
            `Each step of the bootstrap that sets no timeout of its own. Default ${formatDuration(DEFAULT_DEADLINES.bootstrapStepMs)}.`,
          ),
        bootstrap: positiveDuration
          .optional()
          .describe(`The whole bootstrap script. Default ${formatDuration(DEFAULT_DEADLINES.bootstrapMs)}.`),
        active: positiveDuration
          .optional()
          .describe(`From launch until Lambda says active. Default ${formatDuration(DEFAULT_DEADLINES.activeMs)}.`),
        registration: positiveDuration
          .optional()
          .describe(
            `From the end of the bootstrap until Navarch has heard the node. Default ${formatDuration(DEFAULT_DEADLINES.registrationMs)}.`,
          ),
        whole: positiveDuration
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
  hostKey: z.enum(['pinned', 'trust-first']).optional().describe('How we came to believe in that key.'),
  architecture: z.string().optional().describe('As uname -m says it.'),
  gpuCheck: z.enum(['passed', 'off']).optional().describe('off: nobody has proven that its GPUs work.'),
  registration: z.enum(['agent', 'direct']).optional().describe('direct: Navarch has heard nothing of it.'),
  fakeGpus: z.boolean().optional().describe('True: the GPUs that Navarch shows are invented.'),
  launchesUsed: z.int(),
  times: z.object({
    requested: time,
    granted: time,
    launched: time,
    addressKnown: time,
    active: time,
    sshVerified: time,
    gpusProven: time.optional(),
    bootstrapped: time,
    ready: time,
  }),
});

export type Node = z.output<typeof node>;
