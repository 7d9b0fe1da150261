import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { EXIT_CODE_MEANING, exitCodeOf } from '../../../src/cli/exit-codes.ts';
import { FAILURE_TYPES, type FailureType } from '../../../src/domain/failures.ts';
import { errorOfType } from '../../../src/sdk/error-of-type.ts';

const PAGE = readFileSync(new URL('../../../docs/failures.md', import.meta.url), 'utf8');
const ROWS = [...PAGE.matchAll(/^\| `([a-z_]+)` \|.*\| `(\w+)` \| (\d+) \|$/gm)].map(([, type, className, code]) => ({
  type: type as FailureType,
  className,
  code: Number(code),
}));

describe('docs/failures.md', () => {
  test('has each failure type once', () => {
    expect(ROWS.map(({ type }) => type).toSorted()).toEqual(FAILURE_TYPES.toSorted());
  });

  test.each(ROWS)(
    'says of $type which class the SDK throws, and how the command line exits',
    ({ type, className, code }) => {
      const error = errorOfType(type, 'it failed', { workflowId: 'w' });
      expect(error.constructor.name).toBe(className);
      expect(exitCodeOf(error)).toBe(code);
      expect(EXIT_CODE_MEANING).toHaveProperty(String(code));
    },
  );
});
