/** Whose turn it is: priority 1 first, then who came first. */
export interface Rank {
  readonly priority: number;
  readonly arrivedAt: number;
}

/** A launch that was sent for a node: it used a slot of the lane, whatever came of it. */
export interface Attempt {
  readonly node: string;
  readonly isAccepted: boolean;
}

/**
 * How often a slot went to a node although one that ranks before it could have had it, beyond one slot each time. A node's turn begins when
 * it waits, and again when its launch was refused, for it keeps its place; it ends with its next launch. One slot in a turn may have been
 * given away already when the turn began.
 */
export function inversionsBeyondOneSlot(attempts: readonly Attempt[], ranks: ReadonlyMap<string, Rank>): number {
  const given = new Map([...ranks.keys()].map((node) => [node, 0]));
  let inversions = 0;
  for (const { node, isAccepted } of attempts) {
    given.delete(node);
    for (const [waiting, slots] of given) {
      if (!ranksBefore(ranks.get(waiting), ranks.get(node))) continue;
      given.set(waiting, slots + 1);
      if (slots > 0) inversions += 1;
    }
    if (!isAccepted) given.set(node, 0);
  }
  return inversions;
}

function ranksBefore(a: Rank | undefined, b: Rank | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  return a.priority < b.priority || (a.priority === b.priority && a.arrivedAt < b.arrivedAt);
}
