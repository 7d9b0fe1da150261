import type { Account } from '../account.ts';

export type Admission =
  | { readonly kind: 'admitted'; readonly account: Account }
  /** No Authorization header at all, which has a message of its own (§8.1). */
  | { readonly kind: 'no-key' }
  | { readonly kind: 'wrong-key' };

/** Whose key it is: Bearer, or Basic with the key as user name and no password (with or without the colon). */
export function admit(authorization: string | undefined, accounts: readonly Account[]): Admission {
  if (authorization === undefined || authorization === '') return { kind: 'no-key' };
  const key = keyIn(authorization);
  const account = accounts.find(({ apiKeys }) => key !== undefined && apiKeys.has(key));
  return account === undefined ? { kind: 'wrong-key' } : { kind: 'admitted', account };
}

function keyIn(authorization: string): string | undefined {
  const [scheme = '', credentials = ''] = authorization.split(' ', 2);
  if (/^bearer$/i.test(scheme)) return credentials;
  if (!/^basic$/i.test(scheme)) return undefined;
  return Buffer.from(credentials, 'base64').toString('utf8').replace(/:$/, '');
}

/** User agents that the proxy in front turns away (§8.12). */
export function isTurnedAway(userAgent: string | undefined): boolean {
  return userAgent === undefined || userAgent.trim() === '' || userAgent.startsWith('Python-urllib');
}
