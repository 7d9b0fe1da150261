import { activityInfo } from '@temporalio/activity';
import type { SshConnection, SshConnectFailure, SshConnectFailureKind } from '../clients/ssh/index.ts';
import { lookUntil } from './activity-loop.ts';
import { connectHost, leaveConnection } from './connect-host.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { final } from './failures.ts';
import type { HostInput, HostView } from './types.ts';

/** How a machine fails to be reached. */
export type HostVerdict =
  | SshConnectFailureKind
  | 'still-booting'
  | 'connection-lost'
  | 'cloud-init-not-done'
  | 'unidentified'
  | 'host-key-not-settled'
  | 'no-answer-yet';

/** Details of the failure, for callers in any language. */
export interface HostFailureDetails {
  readonly verdict: HostVerdict;
  /** When it began to be so, and has been so at each try since. ISO 8601, UTC. */
  readonly since: string;
  /** Connections that were tried. */
  readonly tries: number;
}

/** What an attempt leaves to the next, in its heartbeat. */
interface Beat extends HostFailureDetails {
  readonly waitingFor: string;
}

const WORDS: Readonly<Record<HostVerdict, string>> = {
  'no-answer-yet': 'it has not answered yet',
  refused: 'nothing listens for SSH',
  unreachable: 'there is no way to it',
  'timed-out': 'it does not answer in time',
  reset: 'it closes the connection',
  'host-key-mismatch': 'it shows another SSH host key than was chosen for it',
  'permission-denied': "it does not accept the worker's SSH key",
  'still-booting': 'it is still booting, and lets nobody in',
  'protocol-error': 'what answers does not speak SSH as we do',
  'connection-lost': 'connections to it are lost',
  'cloud-init-not-done': 'its cloud-init does not end',
  unidentified: 'it does not say what it is',
  'host-key-not-settled': 'it does not stay the same machine',
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

/** Between two knocks at a port where nobody answers: that costs neither side anything, and the moment it opens is waited for. */
const KNOCK_MS = 200;
const NOBODY_THERE: readonly HostVerdict[] = ['refused', 'unreachable', 'timed-out'];

/** pam_nologin, while systemd has not reached the point from which users may log in. */
const STILL_BOOTING = /booting up|not permitted to log in yet/i;

/** Waits until the machine answers with the key it should have, lets us in, and cloud-init is done. */
export async function awaitHost(dependencies: ActivityDependencies, host: HostInput): Promise<HostView> {
  const { hostMs, graceMs } = dependencies.looks;
  let beat: Beat = (activityInfo().heartbeatDetails as Beat | undefined) ?? {
    ...{ verdict: 'no-answer-yet', since: new Date().toISOString(), tries: 0, waitingFor: 'the first try' },
  };
  /** What answered last with cloud-init done, where nobody knows the host key. */
  let before: HostView | undefined;

  const note = (verdict: HostVerdict, waitingFor: string): void => {
    const since = verdict === beat.verdict ? beat.since : new Date().toISOString();
    beat = { verdict, since, tries: beat.tries + 1, waitingFor };
  };
  const unreachable = (): Error => {
    const { waitingFor, ...details } = beat;
    const message = `${host.address}: ${WORDS[beat.verdict]} (${waitingFor})`;
    return final(beat.verdict === 'host-key-mismatch' ? 'host_key_mismatch' : 'ssh_unreachable', message, details);
  };

  return lookUntil({
    everyMs: () => (NOBODY_THERE.includes(beat.verdict) ? Math.min(hostMs, KNOCK_MS) : hostMs),
    details: () => beat,
    timeUp: unreachable,
    look: async (signal) => {
      const result = await connectHost(dependencies, host, signal);
      if (result.kind !== 'connected') {
        note(verdictOn(result), result.reason);
        // cloud-init places the key within seconds: one that is refused for long will not be accepted later.
        if (beat.verdict === 'permission-denied' && Date.now() - Date.parse(beat.since) >= graceMs) throw unreachable();
        return undefined;
      }
      const { connection, hostKeyFingerprint } = result;
      const answer = await identify(connection, signal);
      if ('verdict' in answer) {
        connection.close();
        note(answer.verdict, answer.reason);
        return undefined;
      }
      const seen = { ...answer, hostKeyFingerprint };
      if (host.hostKeyFingerprint !== undefined || before?.bootId === seen.bootId) {
        leaveConnection(dependencies, host, hostKeyFingerprint, connection);
        return seen;
      }
      connection.close();
      // sshd may have changed its key while cloud-init ran: the key to believe in is shown on a connection made after that, by the same machine.
      before = seen;
      note('host-key-not-settled', 'cloud-init is done; its host key is looked at once more');
      return undefined;
    },
  });
}

function verdictOn({ kind, reason }: SshConnectFailure): HostVerdict {
  return kind === 'permission-denied' && STILL_BOOTING.test(reason) ? 'still-booting' : kind;
}

type Answer = Omit<HostView, 'hostKeyFingerprint'> | { readonly verdict: HostVerdict; readonly reason: string };

/** A connection that is lost on the way is no verdict: sshd restarts while cloud-init runs, and machines reboot. */
async function identify(connection: SshConnection, signal: AbortSignal): Promise<Answer> {
  const result = await connection.run(IDENTIFY, { timeoutMs: IDENTIFY_MS, signal });
  if (result.kind !== 'exited') return { verdict: 'connection-lost', reason: result.reason };
  const said = result.stdout.trim();
  if (said === 'waiting') return { verdict: 'cloud-init-not-done', reason: 'connected; cloud-init is not done yet' };
  const [, bootId, architecture] = /^([\da-f-]{36}) (\S+)$/.exec(said) ?? [];
  if (result.exitCode !== 0 || bootId === undefined || architecture === undefined) {
    return { verdict: 'unidentified', reason: result.stderr.trim() || `exit code ${result.exitCode}` };
  }
  return { bootId, architecture };
}
