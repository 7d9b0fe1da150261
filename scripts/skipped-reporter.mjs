// A vitest reporter: writes each skipped test with the reason it gave to context.skip(reason), which vitest's JSON report leaves out.
import { mkdirSync, writeFileSync } from 'node:fs';

export default class SkippedReporter {
  onTestRunEnd(modules) {
    const skipped = modules.flatMap((module) =>
      [...module.children.allTests('skipped')].map((test) => ({
        file: module.moduleId,
        test: test.fullName,
        reason: test.result().note,
      })),
    );
    mkdirSync('reports', { recursive: true });
    writeFileSync('reports/skipped.json', JSON.stringify(skipped));
  }
}
