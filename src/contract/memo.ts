/** Memo key under which an owner lists the launch tokens it answers for. The sweeper ends no instance whose token a running owner lists (P1, P5). */
export const OWNED_TOKENS = 'navarchLaunchTokens';

/** Tokens in a memo; undefined when it cannot be read, which is not the same as none. */
export function ownedTokens(memo: Readonly<Record<string, unknown>> | undefined): readonly string[] | undefined {
  const tokens = memo?.[OWNED_TOKENS];
  if (!Array.isArray(tokens) || !tokens.every((token) => typeof token === 'string')) return undefined;
  return tokens;
}
