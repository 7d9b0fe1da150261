import { z } from 'zod';

/** What a proxy or the API itself sends instead of the answer. `json` is Lambda's error envelope and takes `code` and `message`. */
const errorAnswer = {
  status: z.int().min(300).max(599),
  body: z.enum(['json', 'html', 'text', 'empty']).exactOptional(),
  /** For `json`. Default `global/internal-error`. */
  code: z.string().exactOptional(),
  message: z.string().exactOptional(),
};

/** How one request to the Lambda API goes wrong. Numbers are those of "What a faithful simulator must do". */
export const requestFault = z.discriminatedUnion('kind', [
  /**
   * Refused before it had any effect: by the API (§8.22, 25, 40), by a proxy's page (§8.12), or with the very 500/504 that hides a success
   * elsewhere (§8.20).
   */
  z.strictObject({ kind: z.literal('error'), ...errorAnswer }),
  /** The connection is reset before the request had any effect (§8.20, 40). */
  z.strictObject({ kind: z.literal('reset') }),
  /** No answer at all, as `never` below, and no effect either (§8.20, 25, 40). */
  z.strictObject({ kind: z.literal('no-answer') }),
  /** The request took effect, and its answer is lost (§8.19, 21, 40). */
  z.strictObject({
    kind: z.literal('lost-answer'),
    as: z.discriminatedUnion('answer', [
      /** Connection reset. */
      z.strictObject({ answer: z.literal('reset') }),
      /** No answer at all: the connection stays open until the client gives up. */
      z.strictObject({ answer: z.literal('never') }),
      /** An error that lies: 500, 502, 504, or `global/internal-error`. */
      z.strictObject({ answer: z.literal('error'), ...errorAnswer }),
      /** 200 without a body. */
      z.strictObject({ answer: z.literal('empty') }),
      /** 200 with HTML. */
      z.strictObject({ answer: z.literal('not-json') }),
      /** 200 that names nobody: an empty `instance_ids` (§8.21) or `terminated_instances`. Elsewhere: 200 with `{"data": null}`. */
      z.strictObject({ answer: z.literal('no-ids') }),
    ]),
  }),
  /**
   * The request takes effect at once and its answer comes so much later (§8.18), or, with `effect: 'late'`, it takes effect only then:
   * a launch or terminate that lands after its client gave up, hung up, or died (§8.19, 40). Real milliseconds, as the network does not
   * follow the simulated clock; or simulated ones, where a test says when it lands; both add up. Several rules with a `probability`
   * each make a spread of delays: the first that strikes counts.
   */
  z.strictObject({
    kind: z.literal('delay'),
    realMs: z.number().nonnegative().exactOptional(),
    simulatedMs: z.number().nonnegative().exactOptional(),
    effect: z.enum(['at-once', 'late']).exactOptional(),
  }),
  /** 429 although within the limits (§8.10, 11, 40). Nothing is created or ended. */
  z.strictObject({
    kind: z.literal('rate-limited'),
    body: z.enum(['json', 'cloudflare', 'empty']).exactOptional(),
    retryAfterSeconds: z.number().nonnegative().exactOptional(),
  }),
  /** 301 to this host, as some say the old one does (§8.13): `on: 'any'` makes an old host of the simulator. */
  z.strictObject({ kind: z.literal('redirect'), to: z.url() }),
  /** Terminate and restart: 200 that does not name the instances, and nothing happened (§8.41). Elsewhere without effect. */
  z.strictObject({ kind: z.literal('not-echoed') }),
]);

export type RequestFault = z.infer<typeof requestFault>;

/** The operations of the Lambda API that rules and the record speak of. */
export const OPERATIONS = [
  'launch',
  'list',
  'get',
  'update',
  'terminate',
  'restart',
  'instance-types',
  'ssh-keys',
  'add-ssh-key',
  'delete-ssh-key',
  'images',
  'regions',
  'file-systems',
] as const;

export type Operation = (typeof OPERATIONS)[number];

/** The operations that change nothing: what `on: 'read'` speaks of. */
export const READS: readonly Operation[] = [
  'list',
  'get',
  'instance-types',
  'ssh-keys',
  'images',
  'regions',
  'file-systems',
];
