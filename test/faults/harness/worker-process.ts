import { inspect } from 'node:util';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { readConfig } from '../../../src/config.ts';
import { createLogger } from '../../../src/observability/logger.ts';
import { startWorker, type RunningWorker } from '../../../src/worker.ts';
import type { FromWorker, ToWorker, WorkerSettings } from './worker-messages.ts';
import { puppetOf, type Execution, type Puppeteer } from './puppet.ts';
import { workerOptions } from './worker-options.ts';

// A worker as a process of its own, which can be stopped and killed. Its strings are held by the parent, over IPC; without it, it ends.

const asked = new Map<number, (order: 'go' | 'fail' | 'again') => void>();
let questions = 0;
let worker: RunningWorker | undefined;

function tell(message: FromWorker): void {
  process.send?.(message);
}

function ask(when: 'before' | 'after' | 'key', execution: Execution | undefined): Promise<'go' | 'fail' | 'again'> {
  questions += 1;
  const id = questions;
  return new Promise((resolve) => {
    asked.set(id, resolve);
    tell({ kind: 'ask', id, when, ...(execution === undefined ? {} : { execution }) });
  });
}

const puppeteer: Puppeteer = {
  before: async (execution) => ((await ask('before', execution)) === 'fail' ? 'fail' : 'go'),
  after: (execution) => ask('after', execution),
  done: (execution) => tell({ kind: 'done', execution }),
};

async function start({
  environment,
  temporalAddress,
  workflowBundlePath,
  looks,
  asksBeforeKey,
}: WorkerSettings): Promise<void> {
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { filter: 'OFF' } },
    shutdownSignals: [],
  });
  const config = readConfig(environment);
  const apiKey = async (): Promise<string> => {
    // The key is read in the middle of a step, before its request: a place to be stopped at.
    if (asksBeforeKey) await ask('key', undefined);
    return config.lambda.apiKey();
  };
  worker = await startWorker({
    config: { ...config, lambda: { ...config.lambda, apiKey } },
    temporal: { connection: { address: temporalAddress }, namespace: 'default' },
    logger: createLogger({ level: 'fatal', format: 'json' }),
    looks,
    workflowBundlePath,
    workerOptions: workerOptions(puppetOf(puppeteer)),
  });
  tell({ kind: 'ready' });
}

async function stop(): Promise<void> {
  await worker?.stop();
  process.exit(0);
}

process.on('message', (message: ToWorker) => {
  switch (message.kind) {
    case 'start':
      start(message.settings).catch((error: unknown) => {
        // Its end would overtake what it says.
        process.send?.({ kind: 'failed', message: inspect(error) } satisfies FromWorker, () => process.exit(1));
      });
      return;
    case 'order':
      asked.get(message.id)?.(message.order);
      asked.delete(message.id);
      return;
    case 'stop':
      stop().catch(() => process.exit(1));
      return;
  }
});
process.on('disconnect', () => process.exit(1));
