import type { TestProject } from 'vitest/node';
import { bundleOf } from './bundle.ts';

/** The product's own workflows, with its constants shortened. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const bundle = await bundleOf([]);
  project.provide('workflowBundlePath', bundle.path);
  return () => bundle.remove();
}
