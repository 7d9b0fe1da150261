import { deriveHostKey, type SshConnection, type SshConnectResult } from '../clients/ssh/index.ts';
import { connectHost } from './connect-host.ts';
import { STOP_AGENT_COMMAND } from '../domain/bootstrap-plan.ts';
import { lookUntil } from './activity-loop.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { final } from './failures.ts';
import { runBootstrap } from './bootstrap.ts';
import { checkBootstrapSecrets } from './bootstrap-secrets.ts';
import { proveGpus } from './gpu-proof.ts';
import type { HostActivities, HostView } from './types.ts';

/** A key that is refused this long after the machine first answered will not be accepted later: cloud-init places it within seconds. */
const PERMISSION_GRACE_MS = 120_000;

/** What `awaitHost` asks: one command, so that it is one round trip. cloud-init may be missing, or older than `--wait`. */
const IDENTIFY = `if command -v cloud-init >/dev/null 2>&1; then cloud-init status --wait >/dev/null 2>&1; fi
echo "$(cat /proc/sys/kernel/random/boot_id) $(uname -m)"`;

export function createHostActivities(dependencies: ActivityDependencies): HostActivities {
  const { ssh, looks } = dependencies;

  return {
    async describeHostKey({ launchToken }) {
      return { fingerprint: deriveHostKey({ secret: await ssh.hostKeySecret(), salt: launchToken }).fingerprint };
    },

    async awaitHost(host) {
      let last: SshConnectResult | undefined;
      let waitingFor = 'no answer yet';
      let deniedSince: number | undefined;
      return lookUntil({
        everyMs: looks.hostMs,
        details: () => ({ waitingFor }),
        timeUp: () =>
          last?.kind === 'host-key-mismatch'
            ? final('host_key_mismatch', `${host.address} never showed the SSH host key chosen for it: ${last.reason}`)
            : final('ssh_unreachable', `no SSH session with ${host.address}: ${waitingFor}`),
        look: async (signal) => {
          last = await connectHost(dependencies, host, signal);
          if (last.kind !== 'connected') {
            waitingFor = last.reason;
            deniedSince = last.kind === 'permission-denied' ? (deniedSince ?? performance.now()) : undefined;
            if (deniedSince !== undefined && performance.now() - deniedSince > PERMISSION_GRACE_MS) {
              throw final('ssh_unreachable', `${host.address} does not accept the worker's SSH key: ${last.reason}`);
            }
            return undefined;
          }
          waitingFor = 'connected; cloud-init is not done yet';
          const identity = await identify(last.connection, signal);
          return identity && { ...identity, hostKeyFingerprint: last.hostKeyFingerprint };
        },
      });
    },

    proveGpus: (input) => proveGpus(dependencies, input),

    checkBootstrapSecrets: (input) => checkBootstrapSecrets(dependencies, input),

    runBootstrap: (input) => runBootstrap(dependencies, input),

    async stopAgent(host) {
      await lookUntil({
        everyMs: looks.hostMs,
        details: () => undefined,
        timeUp: () => final('ssh_unreachable', `the agent on ${host.address} could not be stopped`),
        look: async (signal) => {
          const result = await connectHost(dependencies, host, signal);
          if (result.kind !== 'connected') return undefined;
          try {
            const ran = await result.connection.run(`sudo -n ${STOP_AGENT_COMMAND} || true`, {
              signal,
              timeoutMs: 100_000, // systemd gives a service 90 s to stop
            });
            return ran.kind === 'exited' ? true : undefined;
          } finally {
            result.connection.close();
          }
        },
      });
    },
  };
}

/** Undefined when the connection was lost on the way: sshd restarts while cloud-init runs. */
async function identify(
  connection: SshConnection,
  signal: AbortSignal,
): Promise<Omit<HostView, 'hostKeyFingerprint'> | undefined> {
  try {
    const result = await connection.run(IDENTIFY, { timeoutMs: 10 * 60_000, signal });
    if (result.kind !== 'exited') return undefined;
    const [bootId, architecture] = result.stdout.trim().split(' ');
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
