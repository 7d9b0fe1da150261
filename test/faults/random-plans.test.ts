import { afterAll, describe, expect, test } from 'vitest';
import { planFrom } from './harness/draw.ts';
import type { Plan } from './harness/plan.ts';
import { slotPool } from './harness/pool.ts';
import type { Outcome } from './harness/run.ts';
import { shrunk } from './harness/shrink.ts';
import { Tally } from './harness/tally.ts';

// Proof (h): plans drawn from a seed, in which everything above goes wrong at once. `npm run faults -- --runs 1000 --seed 1` draws more.

const SEED = Number(process.env['FAULTS_SEED'] ?? 1);
const RUNS = Number(process.env['FAULTS_RUNS'] ?? 100);
const ONLY = process.env['FAULTS_ONLY'];

const pool = slotPool();
/** The time in which all of them must be done, waiting for their turn included; each run has a deadline of its own. */
const ALL_RUNS_MS = 6 * 60 * 60_000;

const tally = new Tally();
const startedAt = performance.now();

afterAll(async () => {
  process.stdout.write(`${tally.lines((performance.now() - startedAt) / 1_000)}\n`);
  await pool.close();
});

const indices = ONLY === undefined ? Array.from({ length: RUNS }, (_, index) => index) : [Number(ONLY)];

describe.concurrent(`of seed ${SEED}`, { timeout: ALL_RUNS_MS }, () => {
  test.each(indices)('plan %i loses nothing, doubles nothing and gets to its end', async (index) => {
    const plan = planFrom(SEED, index);
    const result = await outcomeOf(plan);
    if (!(result instanceof Error)) {
      tally.kept(index, result);
      expect(result.seconds).toBeGreaterThan(0);
      return;
    }
    const smallest = await shrunk(plan, async (smaller) => (await outcomeOf(smaller)) instanceof Error);
    const message = [
      `plan ${index} of seed ${SEED}: ${result.message}`,
      `again: npm run faults -- --seed ${SEED} --only ${index}`,
      `plan: ${JSON.stringify(plan)}`,
      `the smallest that still fails: ${JSON.stringify(smallest)}`,
    ].join('\n');
    tally.broken(message);
    throw new Error(message, { cause: result });
  });
});

async function outcomeOf(plan: Plan): Promise<Outcome | Error> {
  try {
    return await pool.play(plan);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
