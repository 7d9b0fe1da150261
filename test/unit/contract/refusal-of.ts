import { ApplicationFailure } from '@temporalio/common';
import { parseRequest, type FieldProblem } from '../../../src/contract/parse.ts';

/** The failure with which a request is refused. Throws when it is accepted. */
export function failureOf(schema: Parameters<typeof parseRequest>[0], input: unknown): ApplicationFailure {
  try {
    parseRequest(schema, input);
  } catch (error) {
    if (error instanceof ApplicationFailure) return error;
    throw error;
  }
  throw new Error(`was accepted: ${JSON.stringify(input)}`);
}

/** What is said of each field, as `field: problem`. */
export function complaintsAbout(schema: Parameters<typeof parseRequest>[0], input: unknown): string[] {
  const [details] = failureOf(schema, input).details as [{ fields: FieldProblem[] }];
  return details.fields.map(({ field, problem }) => `${field}: ${problem}`);
}
