import { rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterEach, expect, test } from 'vitest';

// The lint is a promise of the house too: what it should find is planted here, and found.

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const PLANTED = 'src/workflows/planted-by-lint-test.ts';

afterEach(async () => {
  await rm(`${ROOT}/${PLANTED}`, { force: true });
});

async function lint(source: string, tool: string, ...args: readonly string[]): Promise<string> {
  await writeFile(`${ROOT}/${PLANTED}`, source);
  const { stdout, exitCode } = await execa('npx', ['--no', tool, ...args], { cwd: ROOT, reject: false });
  expect(exitCode).not.toBe(0);
  return stdout;
}

test('a workflow that reaches a client is found', { timeout: 60_000 }, async () => {
  const source = `import { LambdaClient } from '../clients/lambda/index.ts';\nexport const planted = LambdaClient;\n`;
  const said = await lint(source, 'depcruise', '--config', '.dependency-cruiser.cjs', 'src/workflows');
  expect(said).toMatch(/error workflows: src\/workflows\/planted-by-lint-test\.ts . src\/clients\/lambda/);
});

test('an activity call that nobody awaits is found', { timeout: 60_000 }, async () => {
  const source = [
    `import { lambda } from './activities.ts';`,
    `export async function planted(): Promise<void> {`,
    `  lambda('list', 'list').listInstances();`,
    `  await lambda('list', 'list').listInstances();`,
    `}`,
  ].join('\n');
  const said = await lint(`${source}\n`, 'eslint', PLANTED);
  expect(said).toMatch(/3:3 +error .*no-floating-promises/s);
  expect(said).not.toMatch(/4:3/);
});
