// Runs a program of the test folder. Node 20 reads no TypeScript, so it is compiled first.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, run, runTool, say, wasInterrupted } from './prepare.mjs';

/**
 * Compiles test/<folder> with all of src and runs its main.ts in the root. In a copy of its own, inside the project so that packages are
 * found: the sources may be worked on meanwhile. Resolves to the exit code.
 */
export async function runCompiled(folder, args) {
  mkdirSync(join(ROOT, '.cache'), { recursive: true });
  const copy = mkdtempSync(join(ROOT, '.cache', `${folder}-`));
  try {
    say('compiling (tsc) …');
    const compiled = await runTool('typescript/bin/tsc', ['-p', `test/${folder}/tsconfig.json`, '--outDir', copy]);
    symlinkSync(join(ROOT, 'tools'), join(copy, 'tools')); // what the Temporal server is made from
    if (wasInterrupted()) return 130;
    if (compiled !== 0) return compiled;
    return await run(process.execPath, ['--enable-source-maps', join(copy, 'test', folder, 'main.js'), ...args]);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}
