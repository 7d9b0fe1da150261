import { execa } from 'execa';
import { fileURLToPath } from 'node:url';

/** End-to-end tests run what users run: the compiled command line. */
export async function setup(): Promise<void> {
  const script = fileURLToPath(new URL('../../scripts/build.mjs', import.meta.url));
  await execa(process.execPath, [script], { stdio: 'inherit' });
}
