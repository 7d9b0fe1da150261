import { connectSsh, type SshConnectResult } from '../clients/ssh/index.ts';
import type { ActivityDependencies } from './dependencies.ts';
import type { HostInput } from './types.ts';

/** One try to reach a machine of ours: with the worker's key, and only if it has the host key we chose (P10). */
export async function connectHost(
  dependencies: ActivityDependencies,
  host: HostInput,
  signal: AbortSignal,
): Promise<SshConnectResult> {
  const { ssh } = dependencies;
  return connectSsh(
    {
      host: host.address,
      port: ssh.port,
      username: ssh.username,
      privateKey: await ssh.privateKey(),
      hostKey:
        host.hostKeyFingerprint === undefined
          ? { kind: 'trust-first' }
          : { kind: 'pinned', fingerprint: host.hostKeyFingerprint },
    },
    { signal },
  );
}
