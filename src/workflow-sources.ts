import { fileURLToPath } from 'node:url';

const EXTENSION = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

function inWorkflows(name: string): string {
  return fileURLToPath(new URL(`./workflows/${name}.${EXTENSION}`, import.meta.url));
}

/** What the bundler makes the workflows of, wherever it is done: by the build, by a worker that runs from the sources, in tests. */
export const WORKFLOW_SOURCES = {
  workflowsPath: inWorkflows('index'),
  preloadModules: [inWorkflows('shared-modules')],
};
