import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, type BundleOptions } from '@temporalio/worker';
import { WORKFLOW_SOURCES } from '../../../src/workflow-sources.ts';
import type { BenchContext } from './figure.ts';

const BARE = fileURLToPath(new URL('../bare/workflow.js', import.meta.url));

/** Bundled once for all workers, as a build does for production. */
export async function bundleWorkflows(atEnd: BenchContext['atEnd']): Promise<BenchContext['bundles']> {
  const folder = await mkdtemp(join(tmpdir(), 'navarch-bench-'));
  atEnd(() => rm(folder, { recursive: true, force: true }));
  const bundle = async (
    name: string,
    sources: Pick<BundleOptions, 'workflowsPath' | 'preloadModules'>,
  ): Promise<string> => {
    const { code } = await bundleWorkflowCode({ ...sources, logger: new DefaultLogger('WARN') });
    const path = join(folder, `${name}.js`);
    await writeFile(path, code);
    return path;
  };
  return { product: await bundle('product', WORKFLOW_SOURCES), bare: await bundle('bare', { workflowsPath: BARE }) };
}
