import type { Node, ProvisionNodeRequest } from './provision-node.ts';
import type { EndWish } from './messages.ts';

/** What a provision hands its keeper, and a keeper its next generation. Ours to ourselves: read leniently, additive only (P13). */
export interface KeepNodeInput {
  readonly node: Node;
  readonly request: ProvisionNodeRequest;
  readonly launchToken: string;
  readonly priceCentsPerHour: number;
  /** Name and id of the SSH key in the account the node was launched in: tells our account from another's (P12). */
  readonly accountKey: AccountKey;
  /** Milliseconds since the epoch. */
  readonly readyAt: number;
  readonly launchEndedAt: number;
  readonly lastSeenAt: number;
  readonly endWish?: EndWish;
  readonly needsAttention?: string;
}

export interface AccountKey {
  readonly name: string;
  readonly id: string;
}

/** How a kept node ended. */
export interface EndedNode {
  readonly name: string;
  readonly instanceId: string;
  /** `asked`: by a wish, a cancel or its lifetime. `disappeared`: outside our control. */
  readonly how: 'asked' | 'disappeared';
  readonly reason: string;
  readonly endedAt: string;
  /** Estimate, US dollars, from the launch of this instance. */
  readonly costUsd: number;
}
