import { setTimeout as sleep } from 'node:timers/promises';
import type { Pacer } from '../activities/pacer.ts';
import { LambdaClient, LambdaError, type Instance } from '../clients/lambda/index.ts';
import { MINUTE, SECOND } from '../domain/durations.ts';
import { TAG, tagValue } from '../domain/names.ts';
import { stateOf } from '../domain/instances.ts';
import { MALFORMED_ID, UNKNOWN_ID } from './assumptions.ts';

/** As a worker pauses, where Lambda does not say how long. */
const PAUSE_MS = 10 * SECOND;

/**
 * Our own client through the recording proxy: before the worker runs and after it has ended, so that the budget of requests is one. All
 * clients of the process share its pacer.
 */
export function pacedClient(
  baseUrl: string,
  apiKey: string | (() => Promise<string>),
  pacer: Pick<Pacer, 'turn' | 'pause'>,
): LambdaClient {
  return new LambdaClient({
    baseUrl,
    apiKey,
    beforeRequest: (kind, signal) => pacer.turn(kind === 'launchInstance', signal),
    afterResponse: ({ errorType, retryAfterMs }) => {
      if (errorType === 'rate_limited') pacer.pause(retryAfterMs ?? PAUSE_MS);
    },
  });
}

const PASSES: readonly LambdaError['type'][] = ['rate_limited', 'provider_unavailable', 'unreadable_response'];

/** How long what passes is waited out, and how long between two tries where Lambda does not say. */
export interface Patience {
  readonly forMs: number;
  readonly everyMs: number;
}

const A_MINUTE: Patience = { forMs: MINUTE, everyMs: 5 * SECOND };

/** Asks again while what is wrong may pass: a timeout, a 5xx, a 429. Only for what may be asked twice. Throws the signal's reason when it aborts. */
export async function patiently<T>(
  ask: () => Promise<T>,
  { forMs, everyMs }: Patience = A_MINUTE,
  signal?: AbortSignal,
): Promise<T> {
  for (const until = Date.now() + forMs; ;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof LambdaError) || !PASSES.includes(error.type) || Date.now() >= until) throw error;
      // Longer than that is no answer for somebody who waits; the last try is made all the same.
      await sleep(Math.min(error.retryAfterMs ?? everyMs, forMs), undefined, { signal }).catch(() =>
        signal?.throwIfAborted(),
      );
    }
  }
}

/** What of a node is still there by Lambda's own word: its instances by their tag or name, and ours by its id. Ended ones do not count. */
export async function stillThere(
  lambda: LambdaClient,
  name: string,
  instanceId: string | undefined,
  patience?: Patience,
): Promise<readonly Instance[]> {
  const isOurs = (instance: Instance): boolean =>
    instance.id === instanceId ||
    tagValue(instance.tags, TAG.node) === name ||
    instance.name?.startsWith(`${name}-`) === true;
  const listed = (await patiently(() => lambda.listInstances(), patience)).filter(isOurs);
  const byId =
    instanceId === undefined
      ? undefined
      : await unlessRefused(() => patiently(() => lambda.getInstance(instanceId), patience), 'instance_not_found');
  const found = new Map([...listed, ...(byId === undefined ? [] : [byId])].map((instance) => [instance.id, instance]));
  return [...found.values()].filter(({ status }) => stateOf(status) !== 'ended');
}

/** Looks at the list until it leaves the ended instance out, or for so long. How long that takes is not known of the real one. */
export async function watchList(
  lambda: LambdaClient,
  instanceId: string,
  { everyMs, forMs, signal }: { readonly everyMs: number; readonly forMs: number; readonly signal: AbortSignal },
): Promise<void> {
  for (const until = Date.now() + forMs; Date.now() < until;) {
    const isListed = (await lambda.listInstances({ signal })).some(({ id }) => id === instanceId);
    if (!isListed) return;
    await sleep(everyMs, undefined, { signal });
  }
}

/** Questions that change nothing, asked for the form of their refusal. What they are answered is in the record. */
export async function probe(lambda: LambdaClient, wrongKey: LambdaClient): Promise<void> {
  await unlessRefused(() => lambda.getInstance(UNKNOWN_ID));
  await unlessRefused(() => lambda.getInstance(MALFORMED_ID));
  await unlessRefused(() => wrongKey.listSshKeys());
}

/** Asks once more to terminate what has ended: the id is ours, and nothing has it any more. */
export async function terminateAgain(lambda: LambdaClient, instanceId: string): Promise<void> {
  await unlessRefused(() => lambda.terminateInstance(instanceId));
}

/** Undefined: Lambda refused it, for this reason or, without one, for any. */
async function unlessRefused<T>(ask: () => Promise<T>, reason?: LambdaError['type']): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof LambdaError) || (reason !== undefined && error.type !== reason)) throw error;
    return undefined;
  }
}
