import { z } from 'zod';
import type { MachineFaults } from '../machines/machine.ts';

const ms = z.number().nonnegative();

/** The faults of a machine as JSON (§8.32–38); what each means stands at `MachineFaults`. */
export const machineFaults = z.strictObject({
  sshAfterMs: ms.exactOptional(),
  sshSilent: z.boolean().exactOptional(),
  cloudInitAfterMs: ms.exactOptional(),
  cloudInitTakesMs: ms.exactOptional(),
  ignoresUserData: z.boolean().exactOptional(),
  keyAcceptedAfterMs: ms.exactOptional(),
  dropConnections: z.array(z.strictObject({ connection: z.int().nonnegative(), afterMs: ms })).exactOptional(),
  hangConnections: z.array(z.int().nonnegative()).exactOptional(),
  hangConnectionsAfter: z.array(z.strictObject({ connection: z.int().nonnegative(), afterMs: ms })).exactOptional(),
  hangConnectionsAt: z
    .array(
      z.strictObject({ connection: z.int().nonnegative(), stage: z.enum(['banner', 'authentication', 'command']) }),
    )
    .exactOptional(),
  bannerAfterMs: ms.exactOptional(),
  strangerUntilMs: ms.exactOptional(),
  failCommands: z
    .array(
      z.strictObject({
        match: z.string(),
        exitCode: z.int().exactOptional(),
        stderr: z.string().exactOptional(),
        times: z.int().positive().exactOptional(),
      }),
    )
    .exactOptional(),
  rebootAtMs: ms.exactOptional(),
  noSystemd: z.boolean().exactOptional(),
  endsSessions: z.boolean().exactOptional(),
  diskFullAtMs: ms.exactOptional(),
  nvidiaSmi: z.enum(['missing', 'broken']).exactOptional(),
  python: z.literal('missing').exactOptional(),
}) satisfies z.ZodType<MachineFaults>;
