import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

test('the generated code is what proto/navarch.proto gives', { timeout: 30_000 }, async () => {
  const script = new URL('../../../scripts/generate.mjs', import.meta.url).pathname;
  const checking = promisify(execFile)(process.execPath, [script, '--check']);
  await expect(checking).resolves.toMatchObject({ stderr: '' });
});
