// npm run faults -- --runs 1000 --seed 1: plays random plans of faults. --only N plays plan N of the seed again. Exits non-zero on any breach.
import { parseArgs } from 'node:util';
import { prepare, ROOT, runTool, say } from './prepare.mjs';

const USAGE = 'usage: npm run faults -- [--runs 1000] [--seed 1] [--only INDEX]';

function settings() {
  const options = { runs: { type: 'string' }, seed: { type: 'string' }, only: { type: 'string' } };
  const { values } = parseArgs({ options });
  for (const [name, value] of Object.entries(values)) {
    if (!/^\d{1,9}$/.test(value)) throw new Error(`--${name} must be a whole number`);
  }
  return {
    FAULTS_RUNS: values.runs ?? '1000',
    FAULTS_SEED: values.seed ?? '1',
    ...(values.only && { FAULTS_ONLY: values.only }),
  };
}

try {
  Object.assign(process.env, settings());
  await prepare();
  const file = 'test/faults/random-plans.test.ts';
  process.exitCode = await runTool('vitest/vitest.mjs', [
    'run',
    '--root',
    ROOT,
    '--project',
    'faults',
    file,
    '--reporter=dot',
  ]);
} catch (error) {
  say(`${error.message}\n${USAGE}`);
  process.exitCode = 2;
}
