import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { WORKFLOW_SOURCES } from '../../src/workflow-sources.ts';

/** The repository's root. */
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const EDITOR = fileURLToPath(new URL('./edit-source.cjs', import.meta.url));

/** A change of one source file in a bundle: the text `from`, which must be there exactly once, becomes `to`. */
export interface Edit {
  /** From the repository's root. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

export interface Bundle {
  readonly path: string;
  remove(): Promise<void>;
}

/** Bundles the workflows as somebody would have them who edited the sources. `instead`: files that take the place of others, by their path from the root. */
export async function editedBundle(
  edits: readonly Edit[],
  instead: Readonly<Record<string, string>> = {},
): Promise<Bundle> {
  const folder = await mkdtemp(join(tmpdir(), 'navarch-edited-'));
  const { code } = await bundleWorkflowCode({
    ...WORKFLOW_SOURCES,
    logger: new DefaultLogger('WARN'),
    webpackConfigHook: (config) => {
      const alias = config.resolve?.alias ?? {};
      if (Array.isArray(alias)) throw new Error("the bundler's aliases are a list: add ours to it");
      const aliases = Object.fromEntries(Object.entries(instead).map(([file, path]) => [join(ROOT, file), path]));
      const rules = edits.map(({ file, from, to }) => ({
        test: (path: string) => path === join(ROOT, file),
        enforce: 'pre' as const,
        use: [{ loader: EDITOR, options: { from, to } }],
      }));
      return {
        ...config,
        resolve: { ...config.resolve, alias: { ...alias, ...aliases } },
        module: { ...config.module, rules: [...(config.module?.rules ?? []), ...rules] },
      };
    },
  });
  const path = join(folder, 'workflow-bundle.js');
  await writeFile(path, code);
  return { path, remove: () => rm(folder, { recursive: true, force: true }) };
}
