// What an owner says of itself in its memo: Temporal shows it to everybody, without a worker.

/** Launch tokens that the owner answers for. The sweeper ends no instance whose token a running owner lists (P1, P5). */
export const OWNED_TOKENS = 'navarchLaunchTokens';

/** Id of the instance that the owner has adopted for its token: from then on only that one is its. Empty while it knows none. */
export const OWNED_INSTANCE = 'navarchInstanceId';

/** When the owner should be done with what it owns, in milliseconds since the epoch. 0 or absent: no such time. */
export const DUE_BY = 'navarchDueBy';

/** First run id of the workflow that handed the node to its keeper. */
export const LAUNCHED_BY = 'navarchLaunchedBy';

type Memo = Readonly<Record<string, unknown>> | undefined;

/** Tokens in a memo; undefined when it cannot be read, which is not the same as none. */
export function ownedTokens(memo: Memo): readonly string[] | undefined {
  const tokens = memo?.[OWNED_TOKENS];
  if (!Array.isArray(tokens) || !tokens.every((token) => typeof token === 'string')) return undefined;
  return tokens;
}

export function ownedInstance(memo: Memo): string | undefined {
  const instanceId = memo?.[OWNED_INSTANCE];
  return typeof instanceId === 'string' && instanceId !== '' ? instanceId : undefined;
}

export function dueBy(memo: Memo): number | undefined {
  const at = memo?.[DUE_BY];
  return typeof at === 'number' && at > 0 ? at : undefined;
}

export function launchedBy(memo: Memo): string | undefined {
  const runId = memo?.[LAUNCHED_BY];
  return typeof runId === 'string' ? runId : undefined;
}
