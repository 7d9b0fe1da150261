import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import type { TestProject } from 'vitest/node';
import { FACTOR } from './scale.ts';

const WORKFLOWS = fileURLToPath(new URL('../../../src/workflows/index.ts', import.meta.url));
const DURATIONS = fileURLToPath(new URL('../../../src/domain/durations.ts', import.meta.url));

/** Bundles the workflows with every unit of time shortened by FACTOR: all deadlines, windows and backoffs derive from these. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'navarch-faults-'));
  const shortened = join(folder, 'durations.ts');
  await writeFile(shortened, withShorterUnits(await readFile(DURATIONS, 'utf8')));
  const { code } = await bundleWorkflowCode({
    workflowsPath: WORKFLOWS,
    logger: new DefaultLogger('WARN'),
    webpackConfigHook: (config) => {
      const alias = config.resolve?.alias ?? {};
      if (Array.isArray(alias)) throw new Error("the bundler's aliases are a list: add ours to it");
      return { ...config, resolve: { ...config.resolve, alias: { ...alias, [DURATIONS]: shortened } } };
    },
  });
  const path = join(folder, 'workflow-bundle.js');
  await writeFile(path, code);
  project.provide('workflowBundlePath', path);
  return () => rm(folder, { recursive: true, force: true });
}

function withShorterUnits(source: string): string {
  const units = /const UNIT_MS = \{[^}]*\} as const;/;
  if (!units.test(source)) throw new Error('domain/durations.ts has no UNIT_MS to shorten');
  const [s, m, h, d] = [1_000, 60_000, 3_600_000, 86_400_000].map((ms) => ms / FACTOR);
  return source.replace(units, `const UNIT_MS = { ms: 1, s: ${s}, m: ${m}, h: ${h}, d: ${d} } as const;`);
}
