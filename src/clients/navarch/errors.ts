import { Code, ConnectError } from '@connectrpc/connect';
import { codeToString } from '@connectrpc/connect/protocol-connect';

export type NavarchErrorKind =
  /** The auth token is missing or not the right one: no use in trying again with it. */
  | 'unauthorized'
  /** Nobody answered, or only to say that it cannot now: try again later. Whether the call had an effect is not known. */
  | 'unavailable'
  /** Navarch does not accept what was sent. */
  | 'invalid'
  /** Not now: the node is not in a state that allows it (uncordon of a node that is not cordoned). */
  | 'conflict'
  /** Navarch does not know the node. It also forgets all of them when it restarts. */
  | 'not_found'
  /** An answer that Navarch is not known to give: another service at that address, another version, a fault. */
  | 'unexpected';

/** A call that Navarch did not carry out. The message never contains the auth token. */
export class NavarchError extends Error {
  override readonly name = 'NavarchError';
  readonly kind: NavarchErrorKind;
  /** Connect's name of the error (`failed_precondition`), where the answer had one. */
  readonly code?: string;

  constructor(
    kind: NavarchErrorKind,
    message: string,
    options: { readonly code?: string; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    if (options.code !== undefined) this.code = options.code;
  }
}

/** What was called, for the words of an error. */
export interface CallContext {
  readonly baseUrl: string;
  /** `GetNode`, as on the wire. */
  readonly method: string;
  readonly timeoutMs: number;
  readonly token: string | undefined;
}

const KIND_BY_CODE: Readonly<Record<Code, NavarchErrorKind>> = {
  [Code.Canceled]: 'unavailable',
  [Code.Unknown]: 'unexpected',
  [Code.InvalidArgument]: 'invalid',
  [Code.DeadlineExceeded]: 'unavailable',
  [Code.NotFound]: 'not_found',
  [Code.AlreadyExists]: 'conflict',
  [Code.PermissionDenied]: 'unauthorized',
  [Code.ResourceExhausted]: 'unavailable',
  [Code.FailedPrecondition]: 'conflict',
  [Code.Aborted]: 'conflict',
  [Code.OutOfRange]: 'invalid',
  [Code.Unimplemented]: 'unexpected',
  [Code.Internal]: 'unexpected',
  [Code.Unavailable]: 'unavailable',
  [Code.DataLoss]: 'unexpected',
  [Code.Unauthenticated]: 'unauthorized',
};

/** What a failed call means, whatever was thrown. */
export function navarchErrorFrom(thrown: unknown, call: CallContext): NavarchError {
  const error = ConnectError.from(thrown);
  const where = `Navarch at ${call.baseUrl}`;
  const network = networkFailure(error);
  if (network !== undefined) {
    return new NavarchError('unavailable', `${where} cannot be reached (${network})`, { cause: error });
  }
  const kind = KIND_BY_CODE[error.code];
  const code = codeToString(error.code);
  // Nobody is known to quote the token back, but nothing keeps a proxy from doing so.
  const quoted = call.token !== undefined && error.message.includes(call.token);
  const options = quoted ? { code } : { code, cause: error };
  if (kind === 'unauthorized') {
    const why = call.token === undefined ? 'asks for an auth token, and none is set' : 'does not accept the auth token';
    return new NavarchError(kind, `${where} ${why}: look at authToken (NAVARCH_AUTH_TOKEN)`, options);
  }
  if (error.code === Code.DeadlineExceeded) {
    return new NavarchError(kind, `${where} did not answer ${call.method} within ${call.timeoutMs} ms`, options);
  }
  if (error.code === Code.Unimplemented) {
    const advice = 'is the base URL that of a control plane?';
    return new NavarchError(kind, `${where} has no ${call.method} (${error.rawMessage}): ${advice}`, options);
  }
  const said = quoted ? 'its answer quotes the auth token, and is left out' : error.rawMessage;
  return new NavarchError(kind, `${where}: ${call.method}: ${said} (code: ${code})`, options);
}

/** The code of the system error at the bottom (`ECONNREFUSED`), where the call failed before it was answered. */
function networkFailure(error: unknown): string | undefined {
  let found: string | undefined;
  for (let each = error; each instanceof Error; each = each.cause) {
    if ('code' in each && typeof each.code === 'string') found = each.code;
  }
  return found;
}
