import { expect, test } from 'vitest';
import { labelEntries, labelsOf } from '../../../src/contract/search-attributes.ts';
import { listFilter } from '../../../src/sdk/node-list.ts';

test('a list asks for running owners of the account, and for all that is given', () => {
  const filter = listFilter('navarch-provisioner', { pool: 'training', phase: 'ready', labels: { team: 'vision' } });
  expect(filter).toBe(
    [
      "ExecutionStatus = 'Running'",
      "WorkflowType IN ('provisionNode', 'keepNode')",
      "TaskQueue = 'navarch-provisioner'",
      "NavarchPool = 'training'",
      "NavarchPhase = 'ready'",
      "NavarchLabels = 'team=vision'",
    ].join(' AND '),
  );
});

test("a label's value cannot end its quotes, in no store's language", () => {
  expect(listFilter('q', { labels: { note: `x' OR "a" = \\` } })).toContain(
    "NavarchLabels = 'note=x%27 OR %22a%22 = %5C'",
  );
  expect(listFilter("it's\\", {})).toContain("TaskQueue = 'it''s\\\\'");
});

test('labels come back as they were, whatever their values hold', () => {
  const labels = { 'cost-center': '=7=', empty: '', note: 'it\'s "\\" ünicode\n' };
  expect(labelsOf(labelEntries(labels))).toEqual(labels);
});

test('no more labels than Temporal takes: a refused attribute would block the workflow', () => {
  const many = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`label-${i + 10}`, '界"\ud800'.repeat(12)]));
  const entries = labelEntries(many);
  expect(entries.length).toBeGreaterThan(2);
  expect(Buffer.byteLength(JSON.stringify(entries))).toBeLessThanOrEqual(2_000);
  expect(entries[0]).toMatch(/^label-10=/);
});
