import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { SEARCH_ATTRIBUTE } from '../../src/contract/search-attributes.ts';
import type { Picture } from './pictures.ts';

const NAMESPACE = 'default';

/** Wide enough for the UI's tabs to stand in one line. */
const WIDTH = 1520;
const HEIGHT = 900;

/** A page has its words within a second; on a busy machine it takes a few. */
const WORDS_WITHIN_MS = 30_000;
const LOOK_MS = 200;

/** The words are there; a line or an animation may still be on its way. */
const SETTLES_MS = 1_000;

/** As the UI itself keeps what was chosen in "Configure Workflows Table". */
const COLUMNS_KEY = 'namespace-workflow-table-columns';
const COLUMNS = [
  'Status',
  'Workflow ID',
  SEARCH_ATTRIBUTE.phase.name,
  SEARCH_ATTRIBUTE.needsAttention.name,
  SEARCH_ATTRIBUTE.instanceType.name,
  SEARCH_ATTRIBUTE.region.name,
];

/** Takes pictures of one Temporal UI, each only when the page says what it should. */
export class Camera {
  readonly #context: BrowserContext;
  readonly #uiUrl: string;

  private constructor(context: BrowserContext, uiUrl: string) {
    this.#context = context;
    this.#uiUrl = uiUrl;
  }

  static async on(browser: Browser, uiUrl: string): Promise<Camera> {
    // Nobody's time zone or language.
    const context = await browser.newContext({ timezoneId: 'UTC', locale: 'en-US' });
    const columns = JSON.stringify({ [NAMESPACE]: COLUMNS.map((label) => ({ label })) });
    const content = `localStorage.setItem(${JSON.stringify(COLUMNS_KEY)}, ${JSON.stringify(columns)})`;
    await context.addInitScript({ content });
    return new Camera(context, uiUrl);
  }

  /** The picture as PNG. @throws an error with what the page said instead of the words */
  async shoot({ name, path, words, press = [], query, below, height = HEIGHT }: Picture): Promise<Buffer> {
    const page = await this.#context.newPage();
    try {
      await page.setViewportSize({ width: WIDTH, height });
      await page.goto(`${this.#uiUrl}/namespaces/${NAMESPACE}/${await path()}`, { waitUntil: 'load' });
      if (query !== undefined) {
        await page.getByTestId('query-select-button').click();
        await page.getByRole('option', { name: query }).first().click();
      }
      for (const what of press) await page.getByRole('button', { name: what }).first().click();
      await untilItSays(page, name, words);
      await sleep(SETTLES_MS);
      return await page.screenshot({ clip: await frameOf(page, below), fullPage: true });
    } finally {
      await page.close();
    }
  }
}

/** All of them, or none: half a set of new pictures would tell two stories. */
export async function writeAll(folder: string, taken: ReadonlyMap<string, Buffer>): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, png] of taken) await writeFile(join(folder, `${name}.png.part`), png);
  for (const name of taken.keys()) await rename(join(folder, `${name}.png.part`), join(folder, `${name}.png`));
}

/** The UI draws markdown in frames of their own. */
async function textOf(page: Page): Promise<string> {
  const texts = await Promise.all(
    page.frames().map((frame) =>
      frame
        .locator('body')
        .innerText({ timeout: WORDS_WITHIN_MS })
        .catch(() => ''),
    ),
  );
  return texts.join('\n');
}

async function untilItSays(page: Page, name: string, words: readonly string[]): Promise<void> {
  const until = performance.now() + WORDS_WITHIN_MS;
  for (;;) {
    const text = await textOf(page);
    const missing = words.filter((word) => !text.includes(word));
    if (missing.length === 0) return;
    if (performance.now() > until) {
      throw new Error(`${name}: the page does not say ${missing.map((word) => `"${word}"`).join(', ')}:\n${text}`);
    }
    await sleep(LOOK_MS);
  }
}

/** The content without the UI's own menus. */
async function frameOf(page: Page, below: string | undefined) {
  const content = await page.locator('#content').boundingBox();
  if (content === null) throw new Error('the page has no content');
  const heading = below === undefined ? null : await page.getByRole('heading', { name: below }).first().boundingBox();
  const top = heading === null ? content.y : heading.y - 8;
  return { x: content.x, y: top, width: content.width, height: content.y + content.height - top };
}
