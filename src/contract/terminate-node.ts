import { z } from 'zod';
import { duration, nodeName } from './provision-node.ts';

export const terminateNodeRequest = z
  .strictObject({
    name: nodeName,
    reason: z.string().min(1).max(200).optional().describe('For people, shown in the UI.'),
    drainFor: duration
      .optional()
      .describe('How long running work may go on after the drain command before the machine is ended. Default 0s.'),
  })
  .describe('A node to end.');

export type TerminateNodeRequest = z.output<typeof terminateNodeRequest>;

/** What ended. */
export interface TerminatedNode {
  readonly name: string;
  /** The provision was unwound, the ready node was ended, or it was found to have ended elsewhere. */
  readonly outcome: 'provision_unwound' | 'node_ended';
  readonly instanceId?: string;
}
