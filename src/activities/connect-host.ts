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
  const [privateKey = '', ...older] = await ssh.privateKeys();
  return connectSsh(
    {
      host: host.address,
      port: ssh.port,
      username: ssh.username,
      privateKey,
      previousPrivateKeys: older,
      hostKey:
        host.hostKeyFingerprint === undefined
          ? { kind: 'trust-first' }
          : {
              kind: 'pinned',
              fingerprint: host.hostKeyFingerprint,
              anyType: host.isTrusted === true,
            },
    },
    { signal },
  );
}
