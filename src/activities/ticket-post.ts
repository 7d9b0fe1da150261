import DataLoader from 'dataloader';
import type { Ticket } from '../domain/grants.ts';

/** Between two deliveries of one worker, in milliseconds. */
const GAP_MS = 500;

/** A ticket has half a kilobyte; Temporal takes two megabytes in one signal. */
const MOST_TOGETHER = 100;

const MINUTE_MS = 60_000;

/** The tickets of one worker process, on their way to the broker. */
export interface TicketPost {
  /** Resolves when the ticket is delivered. */
  send(ticket: Ticket): Promise<void>;
  /** How many were sent in the last minute. */
  sentLately(): number;
}

/**
 * One ticket goes at once; where many come, those of a moment go together. The server gives up a workflow task during which a hundred signals
 * have come: a thousand tickets, one by one, would take the broker each task that it has just begun.
 */
export function ticketPost(deliver: (tickets: readonly Ticket[]) => Promise<void>): TicketPost {
  const sent: number[] = [];
  let freeAt = 0;
  const loader = new DataLoader<Ticket, true>(
    async (tickets) => {
      await deliver(tickets);
      return tickets.map(() => true as const);
    },
    {
      cache: false,
      maxBatchSize: MOST_TOGETHER,
      batchScheduleFn: (send) => {
        const now = performance.now();
        const at = Math.max(freeAt, now);
        freeAt = at + GAP_MS;
        setTimeout(send, at - now);
      },
    },
  );
  const sentLately = (): number => {
    const from = performance.now() - MINUTE_MS;
    while ((sent[0] ?? Infinity) < from) sent.shift();
    return sent.length;
  };
  return {
    send: async (ticket) => {
      sent.push(performance.now());
      sentLately(); // forgets, also where nothing is delivered
      await loader.load(ticket);
    },
    sentLately,
  };
}
