import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import type { BenchContext } from './figure.ts';

const PRODUCT = fileURLToPath(new URL('../../../src/workflows/index.js', import.meta.url));
const BARE = fileURLToPath(new URL('../bare/workflow.js', import.meta.url));

/** Bundled once for all workers, as a build does for production. */
export async function bundleWorkflows(atEnd: BenchContext['atEnd']): Promise<BenchContext['bundles']> {
  const folder = await mkdtemp(join(tmpdir(), 'navarch-bench-'));
  atEnd(() => rm(folder, { recursive: true, force: true }));
  const bundle = async (name: string, workflowsPath: string): Promise<string> => {
    const { code } = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('WARN') });
    const path = join(folder, `${name}.js`);
    await writeFile(path, code);
    return path;
  };
  return { product: await bundle('product', PRODUCT), bare: await bundle('bare', BARE) };
}
