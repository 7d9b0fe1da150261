import { z } from 'zod';

/** From and to, in simulated milliseconds since the simulator's start; `to` is exclusive, and absent means for ever. */
const between = z.tuple([z.number().nonnegative(), z.number().nonnegative()]).exactOptional();

/** How the Navarch control plane misbehaves. */
export const navarchFault = z.discriminatedUnion('kind', [
  /** Not there: every connection is reset, or a proxy says 503. */
  z.strictObject({ kind: z.literal('unavailable'), between, as: z.enum(['reset', '503']).exactOptional() }),
  /** Restarts at this time and so forgets every node and command. */
  z.strictObject({ kind: z.literal('forgets'), atMs: z.number().nonnegative() }),
  /** Takes no token for good, the right one neither. */
  z.strictObject({ kind: z.literal('rejects-token'), between }),
]);

export type NavarchFault = z.infer<typeof navarchFault>;
