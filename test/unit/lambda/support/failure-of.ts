import { expect } from 'vitest';
import { LambdaError } from '../../../../src/clients/lambda/index.ts';

/** The LambdaError that a call must end in. */
export async function failureOf(call: Promise<unknown>): Promise<LambdaError> {
  const error = await reasonOf(call);
  expect(error).toBeInstanceOf(LambdaError);
  return error as LambdaError;
}

/** Whatever a call rejects with. */
export function reasonOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    (value: unknown) => expect.fail(`a failure was expected, not ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );
}
