import { cancellationSignal } from '@temporalio/activity';
import { connectHost } from './connect-host.ts';
import type { ActivityDependencies } from './dependencies.ts';
import type { HostInput } from './types.ts';

const READ_MS = 10_000;

/** The boot that the machine is in; undefined: it did not say so at the first try. */
export async function readBootId(
  dependencies: ActivityDependencies,
  host: HostInput,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const connected = await connectHost(dependencies, host, signal);
    if (connected.kind !== 'connected') return undefined;
    const { connection } = connected;
    const ran = await connection.run('cat /proc/sys/kernel/random/boot_id', { timeoutMs: READ_MS, signal });
    connection.close();
    return ran.kind === 'exited' && ran.exitCode === 0 ? ran.stdout.trim() : undefined;
  } catch (error) {
    cancellationSignal().throwIfAborted();
    // The step's own time ends while a silent machine is asked: that is no answer either.
    if (signal.aborted) return undefined;
    throw error;
  }
}
