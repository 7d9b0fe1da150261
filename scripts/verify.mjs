// npm run verify: lint, types, generated files and tests. All of them run, so that one red step does not hide another.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { prepare, ROOT, run, runTool, say, wasInterrupted } from './prepare.mjs';
import { runTests } from './run-tests.mjs';

await prepare();
const steps = [
  ['lint', () => run('npm', ['run', '--silent', 'lint'])],
  ['types', () => runTool('typescript/bin/tsc', ['--noEmit', '-p', 'tsconfig.test.json'])],
  ...(existsSync(join(ROOT, 'scripts', 'generate.mjs'))
    ? [['generated files', () => run(process.execPath, ['scripts/generate.mjs', '--check'])]]
    : []),
];
const red = [];
for (const [name, step] of steps) {
  say(`verify: ${name} …`);
  if ((await step()) !== 0) red.push(name);
  if (wasInterrupted()) process.exit(130);
}
say('verify: tests …');
const tests = await runTests([]);
if (tests.code !== 0) red.push('tests');
say(red.length === 0 ? 'verify: all green' : `verify: red: ${red.join(', ')}`);
process.stdout.write(`${tests.line}\n`);
process.exitCode = red.length === 0 ? 0 : 1;
