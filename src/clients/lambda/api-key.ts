import { LambdaUnauthorizedError } from './errors.ts';
import { redactedError } from './redact.ts';

/** What an HTTP header can carry. */
const PRINTABLE = /^[\x21-\x7e]+$/;

/** Why a key cannot be one; undefined if it can. Never repeats the key. */
export function keyProblem(key: string): string | undefined {
  if (key.trim() === '') return 'is empty';
  return PRINTABLE.test(key.trim()) ? undefined : 'has white space or characters that no HTTP header can carry';
}

/** Reads the key before a request. A reader that fails, or brings none, is a LambdaUnauthorizedError: nothing was sent. */
export async function readApiKey(source: string | (() => string | Promise<string>), endpoint: string): Promise<string> {
  if (typeof source === 'string') return source.trim();
  const details = { endpoint, outcome: 'refused' } as const;
  let key: string;
  try {
    key = await source();
  } catch (error) {
    const cause = redactedError(error, undefined);
    throw new LambdaUnauthorizedError(`${endpoint} was not sent: reading the API key failed`, 'no-api-key', {
      ...details,
      cause,
    });
  }
  const problem = keyProblem(key);
  if (problem === undefined) return key.trim();
  throw new LambdaUnauthorizedError(`${endpoint} was not sent: the API key read ${problem}`, 'no-api-key', details);
}
