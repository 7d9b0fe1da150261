import { deriveHostKey } from '../clients/ssh/index.ts';
import { awaitHost } from './await-host.ts';
import { connectHost } from './connect-host.ts';
import { STOP_AGENT_COMMAND } from '../domain/bootstrap-plan.ts';
import { lookUntil } from './activity-loop.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { final } from './failures.ts';
import { runBootstrap } from './bootstrap.ts';
import { checkBootstrapSecrets } from './bootstrap-secrets.ts';
import { proveGpus } from './gpu-proof.ts';
import type { HostActivities } from './types.ts';

export function createHostActivities(dependencies: ActivityDependencies): HostActivities {
  const { ssh, looks } = dependencies;

  return {
    async describeHostKey({ launchToken }) {
      return { fingerprint: deriveHostKey({ secret: await ssh.hostKeySecret(), salt: launchToken }).fingerprint };
    },

    awaitHost: (host) => awaitHost(dependencies, host),

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
