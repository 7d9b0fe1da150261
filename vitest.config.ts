import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Minutes each, and one of them at the end would have the machine for itself. */
const LONGEST = ['random-plans', 'hand-over', 'kill', 'terminate', 'not-ended', 'activity-fails'];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification): boolean =>
      LONGEST.some((name) => moduleId.endsWith(`/faults/${name}.test.ts`));
    const sorted = await super.sort(files);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

const project = (name: string, extra: object = {}) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    pool: 'forks' as const,
    ...extra,
  },
});

/** One after the other: those with processes and deadlines as in life, those that skip time or need none, and those of faults. */
const GROUP = { lifelike: 0, skipping: 1, faults: 2 } as const;

// Each project is a kind of test with its own world: see CONTRIBUTING.md.
export default defineConfig({
  test: {
    reporters: ['default'],
    // On two cores: some tests wait most of their time.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    projects: [
      // Not a process for each file: to load the packages takes longer than most of these tests.
      project('unit', { isolate: false, sequence: { groupOrder: GROUP.skipping } }),
      project('contract', {
        maxWorkers: 2,
        sequence: { groupOrder: GROUP.lifelike },
        globalSetup: ['test/support/dev-server.global.ts', 'test/support/workflow-bundle.global.ts'],
      }),
      project('workflows', {
        globalSetup: ['test/support/time-skipping.global.ts', 'test/support/workflow-bundle.global.ts'],
        // Days are skipped, not computed: on a small busy machine the longest takes minutes.
        testTimeout: 300_000,
        hookTimeout: 60_000,
        sequence: { groupOrder: GROUP.skipping },
      }),
      project('replay', {
        sequence: { groupOrder: GROUP.skipping },
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
        sequence: { groupOrder: GROUP.faults },
      }),
      project('e2e', {
        maxWorkers: 2,
        sequence: { groupOrder: GROUP.lifelike },
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
