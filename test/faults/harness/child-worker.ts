import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Puppeteer } from './puppet.ts';
import type { FromWorker, ToWorker, WorkerSettings } from './worker-messages.ts';

/** A worker as a process, with its strings in our hand. It ends with us at the latest. */
export interface ChildWorker {
  readonly pid: number;
  /** SIGKILL, and gone. */
  kill(): Promise<void>;
  /** As SIGTERM does: lets what runs end. */
  stop(): Promise<void>;
}

export interface Strings {
  puppeteer: Puppeteer | undefined;
  /** Asked before the API key is read, where the settings say so. */
  beforeKey?: () => Promise<void>;
}

/** A process that has loaded the product and waits to be told of its worker's settings: most of a start is the loading. */
export function forkWorker(path: string): ChildProcess {
  return fork(path, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], env: {}, execArgv: [] });
}

/** Starts the worker of a process from `forkWorker`. */
export async function startChildWorker(
  child: ChildProcess,
  settings: WorkerSettings,
  strings: Strings,
): Promise<ChildWorker> {
  const ended = once(child, 'exit');
  const ready = new Promise<void>((resolve, reject) => {
    child.on('message', (message: FromWorker) => {
      switch (message.kind) {
        case 'ready':
          resolve();
          return;
        case 'failed':
          reject(new Error(`the worker process did not start: ${message.message}`));
          return;
        case 'ask':
          answer(child, message, strings).catch(reject);
          return;
        case 'done':
          strings.puppeteer?.done(message.execution);
          return;
      }
    });
    // Later than `exit`: by then all that it said has been heard.
    child.on('close', (code, signal) => reject(new Error(`the worker process ended (${code ?? signal})`)));
  });
  ready.catch(() => undefined); // told below while it starts; later its end is wanted
  send(child, { kind: 'start', settings });
  await ready;
  return {
    pid: child.pid ?? 0,
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
    stop: async () => {
      send(child, { kind: 'stop' });
      await ended;
    },
  };
}

async function answer(
  child: ChildProcess,
  { id, when, execution }: Extract<FromWorker, { kind: 'ask' }>,
  { puppeteer, beforeKey }: Strings,
): Promise<void> {
  if (when === 'key' || execution === undefined) {
    await beforeKey?.();
    send(child, { kind: 'order', id, order: 'go' });
    return;
  }
  const order = (await (when === 'before' ? puppeteer?.before(execution) : puppeteer?.after(execution))) ?? 'go';
  send(child, { kind: 'order', id, order });
}

/** It may have been killed meanwhile. */
function send(child: ChildProcess, message: ToWorker): void {
  if (child.connected) child.send(message, () => undefined);
}
