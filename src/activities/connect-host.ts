import { connectSsh, type SshConnection, type SshConnectResult } from '../clients/ssh/index.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { final } from './failures.ts';
import type { HostInput } from './types.ts';

/** A SYN that was dropped is sent again after one second: once within this, and then a new connection asks. */
const TCP_MS = 2_000;

/** Longer than from one step's end to the next one's beginning. */
const LEFT_MS = 5_000;

/**
 * What a step has left to the next one, which nearly always runs in the same process a moment later: it saves a handshake. By address, port,
 * user and the host key that was shown. No step depends on it (P4).
 */
const left = new Map<string, SshConnection>();

/** Instead of closing it, at the end of a step that another one on the same machine follows. */
export function leaveConnection(
  { ssh }: ActivityDependencies,
  { address }: HostInput,
  hostKeyFingerprint: string,
  connection: SshConnection,
): void {
  const key = keyOf(ssh, address, hostKeyFingerprint);
  left.get(key)?.close();
  left.set(key, connection);
  setTimeout(() => {
    if (left.get(key) !== connection) return;
    left.delete(key);
    connection.close();
  }, LEFT_MS).unref();
}

function takeLeft(key: string): SshConnection | undefined {
  const connection = left.get(key);
  left.delete(key);
  return connection?.lost === undefined ? connection : undefined;
}

function keyOf({ port, username }: ActivityDependencies['ssh'], address: string, fingerprint: string): string {
  return `${username}@${address}:${port} ${fingerprint}`;
}

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
  if (fingerprint !== undefined) {
    const connection = takeLeft(keyOf(ssh, host.address, fingerprint));
    if (connection !== undefined) return { kind: 'connected', connection, hostKeyFingerprint: fingerprint };
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
    { signal, tcpTimeoutMs: TCP_MS },
  );
}
