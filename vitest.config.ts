import { defineConfig } from 'vitest/config';

const project = (name: string, extra: object = {}) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    pool: 'forks' as const,
    ...extra,
  },
});

// Each project is a kind of test with its own world: see CONTRIBUTING.md.
export default defineConfig({
  test: {
    reporters: ['default'],
    maxWorkers: 2,
    projects: [
      project('unit'),
      project('contract', {
        globalSetup: ['test/support/dev-server.global.ts', 'test/support/workflow-bundle.global.ts'],
      }),
      project('workflows', {
        globalSetup: ['test/support/time-skipping.global.ts', 'test/support/workflow-bundle.global.ts'],
        // Days are skipped, not computed: on a small busy machine the longest takes minutes.
        testTimeout: 300_000,
        hookTimeout: 60_000,
      }),
      project('replay', {
        globalSetup: ['test/support/workflow-bundle.global.ts'],
        testTimeout: 180_000,
        hookTimeout: 60_000,
      }),
      project('faults', {
        globalSetup: [
          'test/support/dev-server.global.ts',
          'test/faults/harness/scaled-bundle.global.ts',
          'test/faults/harness/transpiled.global.ts',
          'test/faults/harness/recording.global.ts',
        ],
        // Tests of a file start at once and wait for a slot; the longest file takes five minutes. Each run has a deadline of its own, after
        // which it counts as stuck and says where it stands; this one is for what waits outside of a run.
        testTimeout: 20 * 60_000,
        hookTimeout: 120_000,
        maxConcurrency: 1_000,
        // After the others: what these tests shorten, a machine that is busy with others would use up.
        sequence: { groupOrder: 1 },
      }),
      project('e2e', {
        globalSetup: [
          'test/support/build.global.ts',
          'test/support/dev-server.global.ts',
          'test/support/workflow-bundle.global.ts',
        ],
        testTimeout: 120_000,
        hookTimeout: 60_000,
      }),
    ],
  },
});
