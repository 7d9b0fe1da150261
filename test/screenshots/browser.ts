import { chromium, type Browser } from 'playwright-core';
import { findOnPath, isExecutable } from '../../src/temporal-server/find-on-path.ts';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome', 'microsoft-edge'];

/** The browser that is installed here. @throws an error that says what to install */
export async function launchBrowser(env: NodeJS.ProcessEnv = process.env): Promise<Browser> {
  const executablePath = await findBrowser(env);
  // Without a sandbox, which is refused to root and in containers: it shows nothing but our own server's pages.
  return chromium.launch({ executablePath, args: ['--no-sandbox'] });
}

/** `CHROME_PATH`, or the first of the usual names on `PATH`. */
export async function findBrowser({ CHROME_PATH, PATH }: NodeJS.ProcessEnv): Promise<string> {
  if (CHROME_PATH) {
    if (await isExecutable(CHROME_PATH)) return CHROME_PATH;
    throw new Error(`CHROME_PATH is ${CHROME_PATH}, which is not an executable file`);
  }
  for (const name of NAMES) {
    const found = await findOnPath(name, PATH ?? '');
    if (found !== undefined) return found;
  }
  throw new Error(
    `no browser: install Chromium (Debian, Ubuntu: apt-get install chromium) or set CHROME_PATH; looked on PATH for ${NAMES.join(', ')}`,
  );
}
