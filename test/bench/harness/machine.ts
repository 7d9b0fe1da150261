import { execFile } from 'node:child_process';
import { cpus, totalmem } from 'node:os';
import { promisify } from 'node:util';

/** On what, and of what, the figures were taken: without it they say nothing. */
export interface Circumstances {
  readonly command: string;
  readonly date: string;
  /** What is checked out; `+` after it: with changes. Undefined outside of a git checkout. */
  readonly commit: string | undefined;
  readonly machine: {
    readonly cores: number;
    readonly cpu: string;
    readonly memoryGib: number;
    readonly node: string;
    readonly platform: string;
  };
}

const BYTES_PER_GIB = 2 ** 30;

export async function circumstances(args: readonly string[]): Promise<Circumstances> {
  const processors = cpus();
  return {
    command: ['npm run bench --', ...args].join(' '),
    date: new Date().toISOString(),
    commit: await commit(),
    machine: {
      cores: processors.length,
      cpu: processors[0]?.model ?? 'unknown',
      memoryGib: Math.round(totalmem() / BYTES_PER_GIB),
      node: process.version,
      platform: `${process.platform} ${process.arch}`,
    },
  };
}

async function commit(): Promise<string | undefined> {
  const run = promisify(execFile);
  try {
    const { stdout } = await run('git', ['rev-parse', '--short', 'HEAD']);
    const { stdout: changes } = await run('git', ['status', '--porcelain', '--', 'src', 'test/bench']);
    return `${stdout.trim()}${changes === '' ? '' : '+'}`;
  } catch {
    return undefined;
  }
}
