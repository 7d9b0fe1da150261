import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { editedBundle, type Bundle, type Edit } from '../../support/edited-bundle.ts';
import { FACTOR } from './scale.ts';

export type { Edit } from '../../support/edited-bundle.ts';

const DURATIONS = 'src/domain/durations.ts';

/** The time of a step of the bootstrap is kept by the machine, whose clock is FACTOR times faster: it is told it as it is. */
const KEPT_BY_THE_MACHINE: Edit = {
  file: 'src/workflows/bring-up.ts',
  from: 'stepMs: deadlines.bootstrapStepMs,',
  to: `stepMs: deadlines.bootstrapStepMs * ${FACTOR},`,
};

/** A worker takes its real time to answer. On a busy machine a fortieth of the seconds that it has for it would not always do. */
const TAKEN_BY_THE_WORKER: Edit = {
  file: 'src/workflows/activities.ts',
  from: 'const IN_PASSING_MS = 5 * SECOND;',
  to: 'const IN_PASSING_MS = 5_000;',
};

/**
 * Bundles the workflows with every unit of time shortened by FACTOR: all deadlines, windows and backoffs derive from these. With edits it is
 * the product of somebody who got a rule wrong, or of another version.
 */
export async function bundleOf(edits: readonly Edit[]): Promise<Bundle> {
  const folder = await mkdtemp(join(tmpdir(), 'navarch-faults-'));
  const shortened = join(folder, 'durations.ts');
  const source = await readFile(fileURLToPath(new URL(`../../../${DURATIONS}`, import.meta.url)), 'utf8');
  await writeFile(shortened, withShorterUnits(source));
  const bundle = await editedBundle([KEPT_BY_THE_MACHINE, TAKEN_BY_THE_WORKER, ...edits], { [DURATIONS]: shortened });
  await rm(folder, { recursive: true, force: true });
  return bundle;
}

function withShorterUnits(source: string): string {
  const units = /const UNIT_MS = \{[^}]*\} as const;/;
  if (!units.test(source)) throw new Error('domain/durations.ts has no UNIT_MS to shorten');
  const [s, m, h, d] = [1_000, 60_000, 3_600_000, 86_400_000].map((ms) => ms / FACTOR);
  return source.replace(units, `const UNIT_MS = { ms: 1, s: ${s}, m: ${m}, h: ${h}, d: ${d} } as const;`);
}
