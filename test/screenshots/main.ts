import { join } from 'node:path';
import { Command } from 'commander';
import { openStage } from '../../src/demo/stage.ts';
import { storyteller } from '../../src/demo/storyteller.ts';
import { launchBrowser } from './browser.ts';
import { Camera, writeAll } from './camera.ts';
import { pictures } from './pictures.ts';
import { play, SIMULATION } from './scenes.ts';

// npm run screenshots: plays what docs/watching.md tells, on a real Temporal server with its UI, and takes its pictures in a headless browser.

const { out, keep } = new Command('npm run screenshots --')
  .description('Takes the pictures of docs/watching.md.')
  .option('--out <folder>', 'where they are written', join('docs', 'images'))
  .option('--keep', 'leave everything up until Ctrl-C, to look around')
  .parse()
  .opts<{ out: string; keep?: true }>();

/** As a shell says that somebody pressed Ctrl-C. */
const INTERRUPTED = 130;

const interrupted = new AbortController();
const { signal } = interrupted;
process.on('SIGINT', () => interrupted.abort(new Error('interrupted')));
process.on('SIGTERM', () => interrupted.abort(new Error('interrupted')));

const tell = storyteller(process.stderr);
const closing: (() => Promise<unknown>)[] = [];
try {
  // First: without a browser all the rest would be in vain.
  const browser = await launchBrowser();
  closing.push(() => browser.close());
  const stage = await openStage({ tell, signal, atEnd: (close) => closing.push(close), simulation: SIMULATION });
  await play(stage);
  const camera = await Camera.on(browser, stage.server.uiUrl ?? '');
  const taken = new Map<string, Buffer>();
  for (const picture of pictures(stage)) {
    signal.throwIfAborted();
    taken.set(picture.name, await camera.shoot(picture));
    tell('shot', `${picture.name}, ${Math.round((taken.get(picture.name)?.length ?? 0) / 1024)} KiB`);
  }
  await writeAll(out, taken);
  tell('written', out);
  if (keep === true) await untilInterrupted();
} catch (error) {
  if (!signal.aborted) tell('failed', error instanceof Error ? error.message : String(error));
  process.exitCode = signal.aborted ? INTERRUPTED : 1;
} finally {
  for (const close of closing.reverse()) await close().catch((error: unknown) => tell('closing', String(error)));
}

async function untilInterrupted(): Promise<void> {
  tell('kept up', 'until Ctrl-C');
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
