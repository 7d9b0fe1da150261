import { z } from 'zod';
import type { Ticket } from '../domain/grants.ts';
import type { LaunchOutcome } from './account-broker.ts';

const ticket = z.looseObject({
  name: z.string(),
  runId: z.string(),
  ticketId: z.string(),
  wishes: z.looseObject({
    instanceTypes: z.array(z.string()),
    regions: z.array(z.string()).optional(),
    maxPriceCentsPerHour: z.number().optional(),
  }),
  priority: z.number(),
  arrivedAt: z.number(),
  until: z.number(),
  sshKeyName: z.string().optional(),
});

/** A ticket as another version may have written it; undefined: it cannot be read, and the one who waits sends it again. */
export function readTicket(told: unknown): Ticket | undefined {
  const { data } = ticket.safeParse(told);
  return data as Ticket | undefined;
}

const launchOutcome = z.looseObject({
  name: z.string(),
  ticketId: z.string().optional(),
  instanceType: z.string(),
  region: z.string(),
  outcome: z.enum(['accepted', 'refused', 'unknown']),
  failure: z.string().optional(),
  instanceId: z.string().optional(),
  sentAt: z.number().optional(),
  retryAfterMs: z.number().optional(),
});

export function readLaunchOutcome(told: unknown): LaunchOutcome | undefined {
  const { data } = launchOutcome.safeParse(told);
  return data as LaunchOutcome | undefined;
}
