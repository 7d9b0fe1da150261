import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import type { TestProject } from 'vitest/node';
import { WORKFLOW_SOURCES } from '../../src/workflow-sources.ts';

/** Bundles the workflows once for a test project's run: a second per worker saved. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { code } = await bundleWorkflowCode({ ...WORKFLOW_SOURCES, logger: new DefaultLogger('WARN') });
  const folder = await mkdtemp(join(tmpdir(), 'navarch-workflows-'));
  const path = join(folder, 'workflow-bundle.js');
  await writeFile(path, code);
  project.provide('workflowBundlePath', path);
  return () => rm(folder, { recursive: true, force: true });
}
