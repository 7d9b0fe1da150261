import { ApplicationFailure } from '@temporalio/common';
import type { z } from 'zod';
import type { FailureType } from '../domain/failures.ts';
import { inPlainWords } from './plain-words.ts';

/** One thing wrong with a request. */
export interface FieldProblem {
  /** Dotted path, `deadlines.ssh`, `labels.team`; `request` for the whole. */
  readonly field: string;
  readonly problem: string;
}

type Issues = readonly z.core.$ZodIssue[];

/** Parses what a caller sent. Throws an `invalid_request` failure that names every field at fault, which ends the workflow at once. */
export function parseRequest<T extends z.ZodType>(schema: T, input: unknown): z.output<T> {
  const parsed = schema.safeParse(input, { error: inPlainWords, reportInput: true });
  if (parsed.success) return parsed.data;
  throw invalidRequest(withoutConsequences(parsed.error.issues).flatMap(problems));
}

export function invalidRequest(fields: readonly FieldProblem[]): ApplicationFailure {
  return ApplicationFailure.create({
    type: 'invalid_request' satisfies FailureType,
    message: `invalid request: ${fields.map(({ field, problem }) => `${field}: ${problem}`).join('; ')}`,
    nonRetryable: true,
    details: [{ fields }],
  });
}

/** A value of the wrong type fails its other rules as well (a text is no list of one item): what is said of it is its type. */
function withoutConsequences(issues: Issues): Issues {
  const place = (issue: z.core.$ZodIssue): string => JSON.stringify(issue.path);
  const wrongTypes = new Set(issues.filter((issue) => issue.code === 'invalid_type').map(place));
  return issues.filter((issue) => issue.code === 'invalid_type' || !wrongTypes.has(place(issue)));
}

function problems(issue: z.core.$ZodIssue): FieldProblem[] {
  const path = issue.path.map(String);
  const field = path.join('.') || 'request';
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({ field: [...path, key].join('.'), problem: 'unknown field' }));
    case 'invalid_union': {
      if (issue.input === undefined) return [{ field, problem: 'is missing' }];
      const meant = branchMeant(issue.errors);
      return meant === undefined
        ? [{ field, problem: issue.message }]
        : meant.flatMap((inner) => problems({ ...inner, path: [...issue.path, ...inner.path] }));
    }
    case 'invalid_key':
      return [{ field, problem: issue.issues.map((inner) => inner.message).join(', and ') }];
    default:
      return [{ field, problem: issue.message }];
  }
}

/**
 * The branch of a union that the caller plainly meant: of those whose type is right, the one that has least to complain about. Undefined
 * when none stands out: then the union has to say itself what it takes, for a complaint of the wrong branch would mislead.
 */
function branchMeant(branches: readonly Issues[]): Issues | undefined {
  const rightType = branches.filter((issues) => !issues.some((i) => i.code === 'invalid_type' && i.path.length === 0));
  const least = Math.min(...rightType.map(complaints));
  const best = rightType.filter((issues) => complaints(issues) === least);
  return best.length === 1 ? best[0] : undefined;
}

function complaints(issues: Issues): number {
  return issues.reduce((sum, issue) => sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : 1), 0);
}
