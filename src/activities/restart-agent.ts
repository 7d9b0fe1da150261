import { CHECK_AGENT_COMMAND, RESTART_AGENT_COMMAND } from '../domain/bootstrap-plan.ts';
import { connectHost } from './connect-host.ts';
import type { ActivityDependencies } from './dependencies.ts';
import type { HostInput } from './types.ts';

export type RestartResult =
  | { readonly kind: 'restarted' }
  /** It was to be started only if it had ended, and it has not. */
  | { readonly kind: 'runs' }
  /** The machine or its agent cannot be reached or started: no verdict on either. */
  | { readonly kind: 'failed'; readonly reason: string };

const RESTARTED = 'restarted';
const ALWAYS = `sudo -n ${RESTART_AGENT_COMMAND} && echo ${RESTARTED}`;
const IF_ENDED = `sudo -n ${CHECK_AGENT_COMMAND} || { ${ALWAYS}; }`;

/** systemd gives a service 90 s to stop, and so does our supervisor. */
const RESTART_MS = 100_000;

const REASON_LENGTH = 300;

/** Lets the agent of a machine begin anew, and so register again. */
export async function restartAgent(
  dependencies: ActivityDependencies,
  host: HostInput,
  when: 'always' | 'if-ended',
  signal: AbortSignal,
): Promise<RestartResult> {
  const result = await connectHost(dependencies, host, signal);
  if (result.kind !== 'connected') return { kind: 'failed', reason: result.reason };
  const { connection } = result;
  try {
    const ran = await connection.run(when === 'always' ? ALWAYS : IF_ENDED, { signal, timeoutMs: RESTART_MS });
    if (ran.kind !== 'exited') return { kind: 'failed', reason: ran.reason };
    if (ran.exitCode === 0) return { kind: ran.stdout.trim().endsWith(RESTARTED) ? 'restarted' : 'runs' };
    const lastLine = ran.stderr.trim().split('\n').at(-1)?.slice(0, REASON_LENGTH);
    return { kind: 'failed', reason: lastLine || `exit code ${ran.exitCode}` };
  } finally {
    connection.close();
  }
}
