import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findBrowser } from '../../screenshots/browser.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'navarch-browser-'));
  await writeFile(join(folder, 'google-chrome'), '');
  await chmod(join(folder, 'google-chrome'), 0o755);
});
afterAll(() => rm(folder, { recursive: true }));

test('the browser is the one that CHROME_PATH names, else the first of the usual names on PATH', async () => {
  const chrome = join(folder, 'google-chrome');
  expect(await findBrowser({ PATH: folder })).toBe(chrome);
  expect(await findBrowser({ PATH: '/nowhere', CHROME_PATH: chrome })).toBe(chrome);
});

test('without one it is said what to install, and what is wrong with CHROME_PATH', async () => {
  await expect(findBrowser({ PATH: '/nowhere' })).rejects.toThrow(/install Chromium .* or set CHROME_PATH/);
  await expect(findBrowser({ PATH: folder, CHROME_PATH: '/nowhere/chrome' })).rejects.toThrow(
    'CHROME_PATH is /nowhere/chrome, which is not an executable file',
  );
});
