import { readdir, readFile } from 'node:fs/promises';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { SEARCH_ATTRIBUTE_TYPES } from '../../src/contract/search-attributes.ts';
import { WORKFLOW_TYPE } from '../../src/contract/workflow-ids.ts';
import { PHASES } from '../../src/domain/phases.ts';

// docs/watching.md says what to look at in the Temporal UI: what it names exists.

const IMAGES = new URL('../../docs/images/', import.meta.url);
const PAGE = await readFile(new URL('../../docs/watching.md', import.meta.url), 'utf8');

/** Cloned by everybody. */
const MOST_BYTES = 1_500_000;

const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47]);

/** The cells of the rows of the table under a heading, its head left out. */
function table(heading: string): string[][] {
  const section = PAGE.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).map((line) =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

test('every picture it shows is there, no other is, and together they are small', async () => {
  const shown = [...PAGE.matchAll(/!\[[^\]]+\]\(images\/([^)]+)\)/g)].map(([, name]) => name);
  expect(shown.length).toBeGreaterThanOrEqual(5);
  expect((await readdir(IMAGES)).sort()).toEqual([...shown].sort());
  const pictures = await Promise.all(shown.map((name) => readFile(new URL(name ?? '', IMAGES))));
  for (const picture of pictures) expect(picture.subarray(0, PNG.length)).toEqual(PNG);
  expect(pictures.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(MOST_BYTES);
});

test('every search attribute, phase and workflow type it names is one, and no phase is left out', () => {
  const attributes = new Set([...PAGE.matchAll(/\bNavarch[A-Z]\w+/g)].map(([name]) => name));
  expect(Object.keys(SEARCH_ATTRIBUTE_TYPES)).toEqual(expect.arrayContaining([...attributes]));
  expect(
    table('Phases')
      .map(([phase]) => phase?.replaceAll('`', ''))
      .sort(),
  ).toEqual([...PHASES].sort());
  const types = table('Which workflow is what').map(([, type]) => type?.replaceAll('`', ''));
  expect(Object.values(WORKFLOW_TYPE)).toEqual(expect.arrayContaining(types));
});

describe('each of its filters', () => {
  let client: Client;
  beforeAll(async () => {
    client = new Client({ connection: await Connection.connect({ address: inject('temporalAddress') }) });
  });
  afterAll(() => client.connection.close());

  const filters = table('The list').map(
    ([question = '', filter = '']) => [question, filter.replaceAll('`', '')] as const,
  );
  test('there are some', () => expect(filters.length).toBeGreaterThan(5));
  test.each(filters)('is accepted by the server: %s', async (_question, query) => {
    expect((await client.workflow.count(query)).count).toBeGreaterThanOrEqual(0);
  });
});
