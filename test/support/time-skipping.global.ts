import type { TestProject } from 'vitest/node';
import { resolveTestServer } from '../../src/temporal-server/index.ts';

/**
 * Finds or makes the time-skipping test server, before any test's clock runs. Each test file starts one of its own, because a server's
 * time is common to all that use it.
 */
export async function setup(project: TestProject): Promise<void> {
  const path = await resolveTestServer({ onProgress: (line) => project.vitest.logger.log(line) });
  project.provide('timeSkippingServerPath', path);
}
