import { ApplicationFailure } from '@temporalio/common';
import type { FailureType } from '../domain/failures.ts';
import { differingFields } from '../domain/requests.ts';

/** P9. The same request is the same wish; another one for a living name is refused, with the fields in which it differs. */
export function refuseDifferent(asked: unknown, held: unknown, name: string): void {
  const fields = differingFields(held, asked);
  if (fields.length === 0) return;
  throw ApplicationFailure.create({
    type: 'name_conflict' satisfies FailureType,
    message: `name: ${name} is held by another request; it differs in ${fields.join(', ')}`,
    nonRetryable: true,
    details: [{ fields }],
  });
}
