import { formatDuration, SECOND } from './durations.ts';

// What is looked at before something goes wrong, and what each look is worth. A finding that is not ok says what to do.

/** One thing that was looked at. */
export interface Finding {
  /** What was looked at, for machines: `lambda-key`. */
  readonly check: string;
  /** `unknown`: it could not be looked at, or not in time. */
  readonly verdict: 'ok' | 'wrong' | 'unknown';
  /** What was seen, for people. */
  readonly seen: string;
  /** What to do about it, for people; absent where it is ok. */
  readonly todo?: string;
}

export function ok(check: string, seen: string): Finding {
  return { check, verdict: 'ok', seen };
}

export function wrong(check: string, seen: string, todo: string): Finding {
  return { check, verdict: 'wrong', seen, todo };
}

export function unknown(check: string, seen: string, todo: string): Finding {
  return { check, verdict: 'unknown', seen, todo };
}

/** A public SSH key. */
interface PublicHalf {
  /** As `ssh-keygen -l` prints it: `SHA256:…`. */
  readonly fingerprint: string;
}

/** Whether machines that are launched now will let the worker in: the key that launches name has to be the worker's own. */
export function judgeSshKey(
  check: string,
  /** What launches name; undefined: each request has to. */
  wanted: string | undefined,
  /** Of the Lambda account. */
  registered: readonly (PublicHalf & { readonly name: string })[],
  own: PublicHalf,
): Finding {
  const names = registered.filter(({ fingerprint }) => fingerprint === own.fingerprint).map(({ name }) => name);
  const [ownName] = names;
  const addIt = `register the public half of the worker's key (${own.fingerprint}) with Lambda`;
  if (wanted === undefined) {
    return ownName === undefined
      ? wrong(check, "Lambda does not know the worker's SSH key", `${addIt}, and name it in LAMBDA_SSH_KEY_NAME`)
      : ok(check, `Lambda knows it as ${names.join(', ')}; LAMBDA_SSH_KEY_NAME is not set, so each request names one`);
  }
  if (names.includes(wanted)) return ok(check, `Lambda knows it as ${wanted}, ${own.fingerprint}`);
  const otherKey = registered.find(({ name }) => name === wanted);
  const seen =
    otherKey === undefined
      ? `Lambda has no SSH key named ${wanted} (it has: ${registered.map(({ name }) => name).join(', ') || 'none'})`
      : `Lambda's key ${wanted} is another one (${otherKey.fingerprint}) than the worker's (${own.fingerprint}): no machine would let the worker in`;
  if (ownName !== undefined) {
    return wrong(check, seen, `set LAMBDA_SSH_KEY_NAME=${ownName}: under that name Lambda knows the worker's key`);
  }
  return otherKey === undefined
    ? wrong(check, seen, `${addIt} as ${wanted}, or name another in LAMBDA_SSH_KEY_NAME`)
    : wrong(
        check,
        seen,
        `give the worker the private half of ${wanted} (NAVARCH_SSH_PRIVATE_KEY), or ${addIt} by another name`,
      );
}

/** By more than this, clocks are not the same: grants and times in tags are seconds apart, and Lambda's Date header has no parts of a second. */
const CLOCK_TOLERANCE_MS = 5 * SECOND;

/** Whether the worker's clock agrees with another one that was read at the same moment. */
export function judgeClock(check: string, whose: string, aheadMs: number): Finding {
  const apart = formatDuration(Math.abs(aheadMs));
  if (Math.abs(aheadMs) <= CLOCK_TOLERANCE_MS) return ok(check, `the worker's clock agrees with ${whose}`);
  return wrong(
    check,
    `the worker's clock is ${apart} ${aheadMs > 0 ? 'ahead of' : 'behind'} ${whose}`,
    'let the worker synchronise its clock (NTP); if it does, the other clock is wrong',
  );
}
