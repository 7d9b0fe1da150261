import { connect as connectSocket } from 'node:net';
import ssh2 from 'ssh2';
import type { PublicKeyAuthMethod, ServerHostKeyAlgorithm } from 'ssh2';
import { abortReason } from './abort-reason.ts';
import { kindOfConnectError } from './connect-failure.ts';
import type { ConnectPhase, SshConnectFailure, SshConnectFailureKind } from './connect-failure.ts';
import { SshConnection } from './connection.ts';
import { fingerprintOf, requireFingerprint, sameFingerprint } from './fingerprint.ts';
import { readPrivateKey } from './private-key.ts';
import type { SshTarget } from './target.ts';

export interface SshConnectOptions {
  /** Closes the socket at once; the promise rejects with the signal's reason. Later aborts do nothing. */
  readonly signal?: AbortSignal;
  /** TCP, key exchange and authentication together. Default 10 000. */
  readonly connectTimeoutMs?: number;
  /**
   * The TCP connection alone. Default: as long as all of it. While a machine boots its network may drop what comes: the system asks again after
   * one second, then after two, four and eight, and a new connection soon asks more often than that.
   */
  readonly tcpTimeoutMs?: number;
  /** A question to a silent server each so many milliseconds. Default 5 000. */
  readonly keepaliveIntervalMs?: number;
  /** So many unanswered questions, and one interval more, and the connection counts as lost. Default 3. */
  readonly keepaliveCountMax?: number;
}

export type SshConnectResult =
  | { readonly kind: 'connected'; readonly connection: SshConnection; readonly hostKeyFingerprint: string }
  | SshConnectFailure;

const PINNED_ALGORITHMS: ServerHostKeyAlgorithm[] = ['ssh-ed25519'];
// ed25519 first: of a machine with keys of several types, the same one is shown each time.
const TRUSTED_ALGORITHMS: ServerHostKeyAlgorithm[] = [
  ...PINNED_ALGORITHMS,
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
];

/**
 * Connects to a machine. Every way a machine can fail to answer is a value; what is thrown is the caller's mistake (a key that
 * cannot be read, a malformed fingerprint) or the caller's wish (an abort).
 *
 * The host key is judged before anything of ours is sent, the user's name included (P10).
 *
 * @throws UnreadablePrivateKeyError, TypeError, the signal's reason
 */
export async function connectSsh(target: SshTarget, options: SshConnectOptions = {}): Promise<SshConnectResult> {
  const { signal, connectTimeoutMs = 10_000, keepaliveIntervalMs = 5_000, keepaliveCountMax = 3 } = options;
  const tcpTimeoutMs = Math.min(options.tcpTimeoutMs ?? connectTimeoutMs, connectTimeoutMs);
  const { host, port = 22, username = 'ubuntu', hostKey } = target;
  const keys = [target.privateKey, ...(target.previousPrivateKeys ?? [])].map((key) => readPrivateKey(key).text);
  if (hostKey.kind === 'pinned') requireFingerprint(hostKey.fingerprint);
  const onlyEd25519 = hostKey.kind === 'pinned' && hostKey.anyType !== true;
  signal?.throwIfAborted();

  const where = `${username}@${host}:${port}`;
  const client = new ssh2.Client();
  const socket = connectSocket({ host, port, noDelay: true });
  let presented: string | undefined;
  let mismatch = false;
  let reached = false;
  let exchanged = false;
  let banner = '';

  // Called again when keys are renewed: a machine does not change its key within a connection.
  function verify(key: Buffer): boolean {
    const fingerprint = fingerprintOf(key);
    const wanted = hostKey.kind === 'pinned' ? hostKey.fingerprint : (presented ?? fingerprint);
    presented = fingerprint;
    mismatch = !sameFingerprint(wanted, fingerprint);
    return !mismatch;
  }

  function phase(): ConnectPhase {
    if (exchanged) return 'the authentication';
    if (socket.bytesRead > 0) return 'the key exchange';
    return reached ? 'the SSH banner' : 'the TCP connection';
  }

  return new Promise((resolve, reject) => {
    const timeOut = (afterMs: number) =>
      setTimeout(() => fail('timed-out', `${where} did not get past ${phase()} within ${afterMs} ms`), afterMs);
    const timer = timeOut(connectTimeoutMs);
    const tcpTimer = timeOut(tcpTimeoutMs);
    signal?.addEventListener('abort', onAbort);

    function release(): void {
      clearTimeout(timer);
      clearTimeout(tcpTimer);
      signal?.removeEventListener('abort', onAbort);
    }
    function fail(kind: SshConnectFailureKind, reason: string): void {
      release();
      socket.destroy();
      resolve({ kind, reason, ...(presented !== undefined && { presentedFingerprint: presented }) });
    }
    function onAbort(): void {
      release();
      socket.destroy();
      reject(abortReason(signal));
    }
    function onError(error: Error): void {
      if (mismatch && hostKey.kind === 'pinned') {
        const shown = `shows the host key ${presented ?? 'unknown'}, not ${hostKey.fingerprint}`;
        fail('host-key-mismatch', `${where} ${shown}: nothing was sent to it`);
        return;
      }
      const said = banner === '' ? '' : ` (it says: ${banner})`;
      // A name with several addresses fails with an error that has a code and no message.
      const what = error.message === '' && 'code' in error ? String(error.code) : error.message;
      fail(kindOfConnectError(error, onlyEd25519), `${where}: ${what}, at ${phase()}${said}`);
    }
    function onClose(): void {
      fail('reset', `${where} closed the connection at ${phase()}`);
    }

    // Stays for good: an error that comes after the outcome is known changes nothing, and must not end the process.
    client.on('error', onError);
    client.on('close', onClose);
    client.on('connect', () => {
      reached = true;
      clearTimeout(tcpTimer);
    });
    client.on('handshake', () => (exchanged = true));
    // pam_nologin, for example, explains itself this way while a machine boots.
    client.on('banner', (text) => (banner = text.trim().replace(/\s+/g, ' ').slice(0, 200)));
    client.on('ready', () => {
      release();
      const connection = new SshConnection(client, socket);
      resolve({ kind: 'connected', connection, hostKeyFingerprint: presented ?? '' });
      client.off('close', onClose).off('error', onError);
    });
    client.connect({
      sock: socket,
      username,
      authHandler: keys.map((key): PublicKeyAuthMethod => ({ type: 'publickey', username, key })),
      algorithms: { serverHostKey: onlyEd25519 ? PINNED_ALGORITHMS : TRUSTED_ALGORITHMS },
      hostVerifier: verify,
      readyTimeout: 0, // ours covers the TCP connection too
      keepaliveInterval: keepaliveIntervalMs,
      keepaliveCountMax,
    });
  });
}
