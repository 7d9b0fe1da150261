import { connectSsh, type SshConnectResult } from '../clients/ssh/index.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { final } from './failures.ts';
import type { HostInput } from './types.ts';

/** One try to reach a machine of ours: with the worker's key, and only if it has the host key we chose (P10). */
export async function connectHost(
  dependencies: ActivityDependencies,
  host: HostInput,
  signal: AbortSignal,
): Promise<SshConnectResult> {
  const { ssh } = dependencies;
  const { hostKeyFingerprint: fingerprint, isTrusted = false } = host;
  // A fingerprint that is missing is no reason to believe whoever answers.
  if (fingerprint === undefined && !isTrusted) {
    throw final('host_key_mismatch', `nobody says which SSH host key ${host.address} has to show`);
  }
  const [privateKey = '', ...older] = await ssh.privateKeys();
  return connectSsh(
    {
      host: host.address,
      port: ssh.port,
      username: ssh.username,
      privateKey,
      previousPrivateKeys: older,
      hostKey:
        fingerprint === undefined ? { kind: 'trust-first' } : { kind: 'pinned', fingerprint, anyType: isTrusted },
    },
    { signal },
  );
}
