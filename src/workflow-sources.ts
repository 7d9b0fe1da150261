import { fileURLToPath } from 'node:url';

const EXTENSION = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

function beside(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}

/** What the bundler makes the workflows of, wherever it is done: by the build, by a worker that runs from the sources, in tests. */
export const WORKFLOW_SOURCES = {
  workflowsPath: beside(`./workflows/index.${EXTENSION}`),
  preloadModules: [beside(`./workflows/shared-modules.${EXTENSION}`)],
};

/**
 * With payload encryption: messages of failures become payloads, in the workflows' bundle and beside it. Whoever runs from the sources needs
 * a Node that loads TypeScript by itself for that.
 */
export const ENCODED_FAILURES = {
  failureConverterPath: beside(`./payload-encryption/failure-converter.${EXTENSION}`),
};

/** Where the build puts the bundles. */
export const WORKFLOW_BUNDLES = {
  plain: beside('./workflow-bundle.js'),
  encodedFailures: beside('./workflow-bundle-encoded-failures.js'),
};
