import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { FromWorker, ToWorker, Usage, WorkerOrder } from './worker-messages.ts';

const WORKER = fileURLToPath(new URL('./worker-process.js', import.meta.url));

/** A worker process in our hand. It ends with us at the latest. */
export interface ChildWorker {
  readonly pid: number;
  usage(): Promise<Usage>;
  /** SIGKILL, and gone. */
  kill(): Promise<void>;
  /** As SIGTERM does: lets what runs end. */
  stop(): Promise<void>;
}

/** Nothing of the user's environment reaches it. */
export async function startChildWorker(order: WorkerOrder): Promise<ChildWorker> {
  const child = fork(WORKER, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], env: {}, execArgv: [] });
  const ended = once(child, 'exit');
  const started = untilReady(child);
  send(child, { kind: 'start', order });
  await started;
  return {
    pid: child.pid ?? 0,
    usage: async () => {
      const answer = nextUsage(child);
      send(child, { kind: 'usage' });
      return answer;
    },
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

function untilReady(child: ChildProcess): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    child.on('message', (message: FromWorker) => {
      if (message.kind === 'ready') resolve();
      if (message.kind === 'failed') reject(new Error(`the worker process did not start: ${message.message}`));
    });
    child.once('exit', (code, signal) => reject(new Error(`the worker process ended (${code ?? signal})`)));
  });
}

function nextUsage(child: ChildProcess): Promise<Usage> {
  return new Promise((resolve, reject) => {
    const gone = (): void => reject(new Error('the worker process ended'));
    const hear = (message: FromWorker): void => {
      if (message.kind !== 'usage') return;
      child.off('message', hear).off('exit', gone);
      resolve(message.usage);
    };
    child.on('message', hear).once('exit', gone);
  });
}

/** It may be gone meanwhile, which `exit` tells. */
function send(child: ChildProcess, message: ToWorker): void {
  if (child.connected) child.send(message, () => undefined);
}
