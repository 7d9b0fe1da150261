// A vitest reporter: writes each skipped test with the reason it gave to context.skip(reason), which vitest's JSON report leaves out; and,
// while the tests run, which files do, for whoever has to end a run that hangs.
import { mkdirSync, writeFileSync } from 'node:fs';

export default class TestReporter {
  #running = new Set();

  onTestModuleStart(module) {
    this.#running.add(module.moduleId);
    write('running', [...this.#running]);
  }

  onTestModuleEnd(module) {
    this.#running.delete(module.moduleId);
    write('running', [...this.#running]);
  }

  onTestRunEnd(modules) {
    const skipped = modules.flatMap((module) =>
      [...module.children.allTests('skipped')].map((test) => ({
        file: module.moduleId,
        test: test.fullName,
        reason: test.result().note,
      })),
    );
    write('skipped', skipped);
  }
}

function write(name, value) {
  mkdirSync('reports', { recursive: true });
  writeFileSync(`reports/${name}.json`, JSON.stringify(value));
}
