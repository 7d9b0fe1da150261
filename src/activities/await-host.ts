import type { SshConnection, SshConnectFailure, SshConnectFailureKind } from '../clients/ssh/index.ts';
import { lookUntil } from './activity-loop.ts';
import { connectHost } from './connect-host.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { final } from './failures.ts';
import type { HostInput, HostView } from './types.ts';

/** How a machine fails to be reached. */
type Verdict = SshConnectFailureKind | 'cloud-init-not-done' | 'connection-lost' | 'no-answer-yet';

/** Details of the failure, for callers in any language. */
export interface HostFailureDetails {
  readonly verdict: Verdict;
  /** Connections that were tried. */
  readonly tries: number;
}

const WORDS: Readonly<Record<Verdict, string>> = {
  'no-answer-yet': 'there was no time to try',
  refused: 'nothing listens for SSH',
  unreachable: 'there is no way to it',
  'timed-out': 'it does not answer in time',
  reset: 'it closes the connection',
  'host-key-mismatch': 'it shows another SSH host key than was chosen for it',
  'permission-denied': "it does not accept the worker's SSH key",
  'protocol-error': 'what answers does not speak SSH as we do',
  'cloud-init-not-done': 'its cloud-init does not end',
  'connection-lost': 'connections to it are lost',
};

/**
 * One command, so that it is one round trip. cloud-init may be missing, or older than `--wait`; where it ended with an error, the machine is
 * still to be judged by what we need of it. The wait is cut into pieces: a connection that has died is noticed at the next one at the latest.
 */
const IDENTIFY = `if command -v cloud-init >/dev/null 2>&1; then
  timeout 60 cloud-init status --wait >/dev/null 2>&1
  if [ $? -eq 124 ]; then echo waiting; exit 0; fi
fi
echo "$(cat /proc/sys/kernel/random/boot_id) $(uname -m)"`;

const IDENTIFY_MS = 90_000;

/** Waits until the machine answers with the key it should have, lets us in, and cloud-init is done. */
export async function awaitHost(dependencies: ActivityDependencies, host: HostInput): Promise<HostView> {
  const { hostMs, graceMs } = dependencies.looks;
  let verdict: Verdict = 'no-answer-yet';
  let reason = 'no answer yet';
  let deniedSince: number | undefined;
  let tries = 0;

  const failed = (failure: SshConnectFailure): undefined => {
    verdict = failure.kind;
    reason = failure.reason;
    deniedSince = failure.kind === 'permission-denied' ? (deniedSince ?? performance.now()) : undefined;
    // cloud-init places the key within seconds: one that is refused for long will not be accepted later.
    if (deniedSince !== undefined && performance.now() - deniedSince > graceMs) throw unreachable();
    return undefined;
  };
  const unreachable = (): Error => {
    const details: HostFailureDetails = { verdict, tries };
    const message = `${host.address}: ${WORDS[verdict]} (${reason})`;
    return final(verdict === 'host-key-mismatch' ? 'host_key_mismatch' : 'ssh_unreachable', message, details);
  };

  return lookUntil({
    everyMs: hostMs,
    details: () => ({ waitingFor: reason }),
    timeUp: unreachable,
    look: async (signal) => {
      tries += 1;
      const result = await connectHost(dependencies, host, signal);
      if (result.kind !== 'connected') return failed(result);
      deniedSince = undefined;
      const identity = await identify(result.connection, signal);
      if (typeof identity === 'object') {
        if (host.hostKeyFingerprint !== undefined) return { ...identity, hostKeyFingerprint: host.hostKeyFingerprint };
        // sshd may have changed its key while cloud-init ran: the one to believe in is that of the machine as it is now.
        const settled = await connectHost(dependencies, host, signal);
        if (settled.kind !== 'connected') return failed(settled);
        settled.connection.close();
        return { ...identity, hostKeyFingerprint: settled.hostKeyFingerprint };
      }
      [verdict, reason] =
        identity === 'waiting'
          ? ['cloud-init-not-done', 'connected; cloud-init is not done yet']
          : ['connection-lost', 'the connection was lost while cloud-init ran'];
      return undefined;
    },
  });
}

/** `lost`: sshd restarts while cloud-init runs, and machines reboot. */
async function identify(
  connection: SshConnection,
  signal: AbortSignal,
): Promise<Omit<HostView, 'hostKeyFingerprint'> | 'waiting' | 'lost'> {
  try {
    const result = await connection.run(IDENTIFY, { timeoutMs: IDENTIFY_MS, signal });
    if (result.kind !== 'exited') return 'lost';
    const said = result.stdout.trim();
    if (said === 'waiting') return 'waiting';
    const [bootId, architecture] = said.split(' ');
    if (result.exitCode !== 0 || bootId === undefined || architecture === undefined) {
      throw final(
        'ssh_unreachable',
        `the machine does not say what it is: ${result.stderr.trim() || `exit code ${result.exitCode}`}`,
      );
    }
    return { bootId, architecture };
  } finally {
    connection.close();
  }
}
