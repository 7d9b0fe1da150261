/** How far a connection got; what it was waiting for when it failed. */
export type ConnectPhase = 'the TCP connection' | 'the SSH banner' | 'the key exchange' | 'the authentication';

export type SshConnectFailureKind =
  /** Nothing listens on the port. */
  | 'refused'
  /** No way there: name unknown, no route, no network. */
  | 'unreachable'
  /** The deadline passed, or the network gave up. The reason says at which phase. */
  | 'timed-out'
  /** The other side closed the connection before it was ready. */
  | 'reset'
  /** Not the machine we wanted; nothing was sent to it. */
  | 'host-key-mismatch'
  /** The machine does not take this user with this key (or not yet: accounts are made while a machine boots). */
  | 'permission-denied'
  /** Something answers that is not SSH, or not an SSH we can talk to. */
  | 'protocol-error';

export interface SshConnectFailure {
  readonly kind: SshConnectFailureKind;
  readonly reason: string;
  /** The host key that was shown, where it came that far. */
  readonly presentedFingerprint?: string;
}

const KIND_BY_SYSTEM_CODE: Readonly<Record<string, SshConnectFailureKind>> = {
  ECONNREFUSED: 'refused',
  EACCES: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  EAI_AGAIN: 'unreachable',
  EHOSTDOWN: 'unreachable',
  EHOSTUNREACH: 'unreachable',
  EINVAL: 'unreachable',
  ENETDOWN: 'unreachable',
  ENETUNREACH: 'unreachable',
  ENOTFOUND: 'unreachable',
  ETIMEDOUT: 'timed-out',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
};

/** RFC 4253 §11.1: SSH_DISCONNECT_NO_MORE_AUTH_METHODS_AVAILABLE. */
const NO_MORE_AUTH_METHODS = 14;

/** What an error of ssh2, or of the socket under it, means. The words it is told by are pinned by tests against real servers. */
export function kindOfConnectError(
  error: Error & { readonly code?: unknown; readonly level?: unknown },
  onlyEd25519: boolean,
): SshConnectFailureKind {
  if (typeof error.code === 'string') return KIND_BY_SYSTEM_CODE[error.code] ?? 'unreachable';
  if (error.level === 'client-authentication' || error.code === NO_MORE_AUTH_METHODS) return 'permission-denied';
  if (/connection lost before handshake/i.test(error.message)) return 'reset';
  // We offer ed25519 only, so a server that has none cannot have the key we look for (not yet, or not at all).
  if (onlyEd25519 && /no matching host key format/i.test(error.message)) return 'host-key-mismatch';
  return 'protocol-error';
}
