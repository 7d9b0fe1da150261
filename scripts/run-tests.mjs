// Runs vitest and reads its report: used by test.mjs and verify.mjs.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ROOT, runTool, say } from './prepare.mjs';

const REPORT = join(ROOT, 'reports', 'vitest.json');
const SKIPPED = join(ROOT, 'reports', 'skipped.json');
const RUNNING = join(ROOT, 'reports', 'running.json');

/** All of them take half an hour on two cores. What takes so long hangs, and is to be said to hang before somebody else ends it. */
const WITHIN_MS = 75 * 60_000;

/**
 * Runs the tests. `line` is `N passed, N failed[, N skipped]`; `code` is 0 only if a report was written, a test ran and none was red.
 * Skipped tests are named with their reason.
 */
export async function runTests(args) {
  for (const old of [REPORT, SKIPPED, RUNNING]) rmSync(old, { force: true });
  const vitestArgs = [
    ...['run', '--reporter=default', '--reporter=json', '--outputFile.json=reports/vitest.json'],
    ...['--reporter=./scripts/test-reporter.mjs', ...args],
  ];
  const code = await runTool('vitest/vitest.mjs', vitestArgs, { withinMs: WITHIN_MS, onLate: nameRunning });
  if (!existsSync(REPORT)) {
    say('red: vitest wrote no report; what stopped it is said above');
    return { code: code || 1, line: '0 passed, 1 failed' };
  }
  const report = JSON.parse(readFileSync(REPORT, 'utf8'));
  nameSkipped();
  const files = report.testResults.filter(failedAsAWhole);
  for (const file of files) say(`red: ${relative(ROOT, file.name)} did not run: ${file.message.split('\n')[0]}`);

  const passed = report.numPassedTests;
  let failed = report.numFailedTests + files.length;
  const skipped = report.numPendingTests + report.numTodoTests;
  if (passed + failed === 0) say('red: no test ran');
  else if (code !== 0 && failed === 0) {
    failed = 1; // an error outside of any test
    say('red: no test failed, but vitest did; what is wrong is said above');
  }
  const red = code !== 0 || failed > 0 || passed === 0;
  return {
    code: red ? code || 1 : 0,
    line: `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`,
  };
}

/** A file that could not be loaded, or whose hooks failed, is red without any red test in it. */
function failedAsAWhole(file) {
  return file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed');
}

function nameRunning() {
  const running = existsSync(RUNNING) ? JSON.parse(readFileSync(RUNNING, 'utf8')) : [];
  const files = running.map((file) => relative(ROOT, file)).join(', ');
  say(`red: ended after ${WITHIN_MS / 60_000} minutes, in ${files || 'no test'}`);
}

function nameSkipped() {
  if (!existsSync(SKIPPED)) return;
  for (const { file, test, reason } of JSON.parse(readFileSync(SKIPPED, 'utf8'))) {
    say(`skipped: ${relative(ROOT, file)} > ${test}: ${reason ?? 'no reason given; skip with context.skip(reason)'}`);
  }
}
