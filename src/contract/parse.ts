import { ApplicationFailure } from '@temporalio/common';
import type { z } from 'zod';
import type { FailureType } from '../domain/failures.ts';

/** One thing wrong with a request. */
export interface FieldProblem {
  /** Dotted path, `deadlines.ssh`, `labels.team`; `request` for the whole. */
  readonly field: string;
  readonly problem: string;
}

/** Parses what a caller sent. Throws an `invalid_request` failure that names every field at fault, which ends the workflow at once. */
export function parseRequest<T extends z.ZodType>(schema: T, input: unknown): z.output<T> {
  const parsed = schema.safeParse(input, { reportInput: true });
  if (parsed.success) return parsed.data;
  throw invalidRequest(parsed.error.issues.flatMap(problems));
}

export function invalidRequest(fields: readonly FieldProblem[]): ApplicationFailure {
  return ApplicationFailure.create({
    type: 'invalid_request' satisfies FailureType,
    message: `invalid request: ${fields.map(({ field, problem }) => `${field}: ${problem}`).join('; ')}`,
    nonRetryable: true,
    details: [{ fields }],
  });
}

function problems(issue: z.core.$ZodIssue): FieldProblem[] {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ field: [...path, key].join('.'), problem: 'unknown field' }));
  }
  const field = path.join('.') || 'request';
  if (issue.code === 'invalid_type' && issue.input === undefined) return [{ field, problem: 'is missing' }];
  if (issue.code === 'invalid_union') {
    const [first] = issue.errors.toSorted((a, b) => depth(b) - depth(a));
    return first === undefined
      ? [{ field, problem: issue.message }]
      : first.flatMap((inner) => problems({ ...inner, path: [...issue.path, ...inner.path] }));
  }
  if (issue.code === 'invalid_key') return [{ field, problem: issue.issues.map((inner) => inner.message).join(', ') }];
  return [{ field, problem: lowerFirst(issue.message) }];
}

/** A union's branch whose complaint lies deepest is the one the caller meant. */
function depth(issues: readonly z.core.$ZodIssue[]): number {
  return Math.max(0, ...issues.map((issue) => issue.path.length));
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
