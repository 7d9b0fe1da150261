import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { inject } from 'vitest';

const BIN = fileURLToPath(new URL('../../dist/bin.js', import.meta.url));

export interface CommandResult {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command line while it runs. */
export interface Subprocess {
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly ended: Promise<CommandResult>;
  kill(signal: NodeJS.Signals): void;
}

/** Runs the real command line as a process of its own, against the project's Temporal server. */
export async function run(account: string, ...args: readonly string[]): Promise<CommandResult> {
  return started(account, ...args).ended;
}

/** The same, while it runs. */
export function started(account: string, ...args: readonly string[]): Subprocess {
  const where = ['--address', inject('temporalAddress'), '--account', account];
  return subprocess([...where, ...args], { ...process.env, NO_COLOR: '1' });
}

/** A worker process with this environment and nothing else of ours. */
export function startedWorker(environment: Readonly<Record<string, string>>): Subprocess {
  const path = process.env['PATH'];
  return subprocess(['worker'], { PATH: path, TEMPORAL_ADDRESS: inject('temporalAddress'), ...environment });
}

export function subprocess(args: readonly string[], env: Readonly<Record<string, string | undefined>>): Subprocess {
  const child = execa(process.execPath, [BIN, ...args], { reject: false, stdin: 'ignore', extendEnv: false, env });
  return {
    stdout: child.stdout,
    stderr: child.stderr,
    ended: child.then(({ exitCode, stdout, stderr }) => ({ exitCode, stdout, stderr })),
    kill: (signal) => void child.kill(signal),
  };
}

/** Resolves when the stream has shown the text; rejects with all it showed when it ends before. */
export function untilShown(stream: Readable, text: string | RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let shown = '';
    stream.on('data', (chunk: Buffer) => {
      shown += chunk.toString();
      if (typeof text === 'string' ? shown.includes(text) : text.test(shown)) resolve(shown);
    });
    stream.on('close', () => reject(new Error(`${String(text)} was not shown; this was:\n${shown}`)));
  });
}
