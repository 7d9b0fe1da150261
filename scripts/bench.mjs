// npm run bench: measures the figures of docs/performance.md. --help says what can be chosen.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { prepare, ROOT, run, runTool, say, wasInterrupted } from './prepare.mjs';

await prepare();
// Node 20 reads no TypeScript. A copy of its own, inside the project so that packages are found: the sources may be worked on meanwhile.
mkdirSync(join(ROOT, '.cache'), { recursive: true });
const folder = mkdtempSync(join(ROOT, '.cache', 'bench-'));
try {
  say('compiling (tsc) …');
  const compiled = await runTool('typescript/bin/tsc', ['-p', 'test/bench/tsconfig.json', '--outDir', folder]);
  symlinkSync(join(ROOT, 'tools'), join(folder, 'tools')); // what the Temporal server is made from
  const bench = [join(folder, 'test', 'bench', 'main.js'), ...process.argv.slice(2)];
  if (wasInterrupted()) process.exitCode = 130;
  else process.exitCode = compiled === 0 ? await run(process.execPath, ['--enable-source-maps', ...bench]) : compiled;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
