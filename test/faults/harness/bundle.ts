import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { WORKFLOW_SOURCES } from '../../../src/workflow-sources.ts';
import { FACTOR } from './scale.ts';

/** The repository's root. */
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const DURATIONS = join(ROOT, 'src/domain/durations.ts');
const EDITOR = fileURLToPath(new URL('./edit-source.cjs', import.meta.url));

/** A change of one source file in a bundle: the text `from`, which must be there exactly once, becomes `to`. */
export interface Edit {
  /** From the repository's root. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** The time of a step of the bootstrap is kept by the machine, whose clock is FACTOR times faster: it is told it as it is. */
const KEPT_BY_THE_MACHINE: Edit = {
  file: 'src/workflows/bring-up.ts',
  from: 'stepMs: deadlines.bootstrapStepMs,',
  to: `stepMs: deadlines.bootstrapStepMs * ${FACTOR},`,
};

export interface Bundle {
  readonly path: string;
  remove(): Promise<void>;
}

/**
 * Bundles the workflows with every unit of time shortened by FACTOR: all deadlines, windows and backoffs derive from these. With edits it is
 * the product of somebody who got a rule wrong, or of another version.
 */
export async function bundleOf(edits: readonly Edit[]): Promise<Bundle> {
  const folder = await mkdtemp(join(tmpdir(), 'navarch-faults-'));
  const shortened = join(folder, 'durations.ts');
  await writeFile(shortened, withShorterUnits(await readFile(DURATIONS, 'utf8')));
  const { code } = await bundleWorkflowCode({
    ...WORKFLOW_SOURCES,
    logger: new DefaultLogger('WARN'),
    webpackConfigHook: (config) => {
      const alias = config.resolve?.alias ?? {};
      if (Array.isArray(alias)) throw new Error("the bundler's aliases are a list: add ours to it");
      const rules = [KEPT_BY_THE_MACHINE, ...edits].map(({ file, from, to }) => ({
        test: (path: string) => path === join(ROOT, file),
        enforce: 'pre' as const,
        use: [{ loader: EDITOR, options: { from, to } }],
      }));
      return {
        ...config,
        resolve: { ...config.resolve, alias: { ...alias, [DURATIONS]: shortened } },
        module: { ...config.module, rules: [...(config.module?.rules ?? []), ...rules] },
      };
    },
  });
  const path = join(folder, 'workflow-bundle.js');
  await writeFile(path, code);
  return { path, remove: () => rm(folder, { recursive: true, force: true }) };
}

function withShorterUnits(source: string): string {
  const units = /const UNIT_MS = \{[^}]*\} as const;/;
  if (!units.test(source)) throw new Error('domain/durations.ts has no UNIT_MS to shorten');
  const [s, m, h, d] = [1_000, 60_000, 3_600_000, 86_400_000].map((ms) => ms / FACTOR);
  return source.replace(units, `const UNIT_MS = { ms: 1, s: ${s}, m: ${m}, h: ${h}, d: ${d} } as const;`);
}
