import type { TestProject } from 'vitest/node';
import { bundleOf } from './bundle.ts';

/** The product's own workflows, with its constants shortened. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { path, remove } = await bundleOf([]);
  project.provide('workflowBundlePath', path);
  return remove;
}
