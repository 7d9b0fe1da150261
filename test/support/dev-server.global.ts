import type { TestProject } from 'vitest/node';
import { SEARCH_ATTRIBUTE_TYPES } from '../../src/contract/search-attributes.ts';
import { startTemporalServer } from '../../src/temporal-server/index.ts';

/** One Temporal dev server for a test project's whole run. Tests take task queues and workflow ids of their own. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startTemporalServer({
    searchAttributes: SEARCH_ATTRIBUTE_TYPES,
    onProgress: (line) => project.vitest.logger.log(line),
  });
  project.provide('temporalAddress', server.address);
  return () => server.stop();
}
