import { spawnTied } from './tied-process.ts';
import type { TiedProcessOptions } from './tied-process.ts';

/** What came of a command: `failed` when it could not start, ended with another code than 0, or took too long. */
export type RunResult =
  { readonly kind: 'ok'; readonly output: string } | { readonly kind: 'failed'; readonly reason: string };

export interface RunOptions extends TiedProcessOptions {
  readonly timeoutMs: number;
}

/** Runs a command to its end; it and its children end with us. `output` is the last lines of what it wrote. */
export async function runToEnd(command: string, args: readonly string[], options: RunOptions): Promise<RunResult> {
  const child = spawnTied(command, args, options);
  const timeout = AbortSignal.timeout(options.timeoutMs);
  const onTimeout = () => {
    child.stop().catch(() => undefined); // never rejects
  };
  timeout.addEventListener('abort', onTimeout);
  const { code } = await child.ended;
  timeout.removeEventListener('abort', onTimeout);
  const output = child.recentOutput();
  const timedOut = timeout.aborted;
  if (code === 0 && !timedOut) return { kind: 'ok', output };
  const how = timedOut ? `took longer than ${options.timeoutMs / 1000} s` : `ended with ${code ?? 'a signal'}`;
  return { kind: 'failed', reason: `${how}${output === '' ? '' : `: ${lastLines(output, 5)}`}` };
}

function lastLines(text: string, count: number): string {
  return text.split('\n').slice(-count).join(' | ');
}
