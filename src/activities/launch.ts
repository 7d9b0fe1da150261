import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { activityInfo } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { Client } from '@temporalio/client';
import type { LaunchOutcome } from '../contract/account-broker.ts';
import { deriveHostKey } from '../clients/ssh/index.ts';
import { instanceName, tagsOf } from '../domain/names.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { Broker, tellOutcome } from './broker.ts';
import { fromLaunch, notSent, outcomeUnknown } from './failures.ts';
import type { LaunchActivities, LaunchFailureDetails } from './types.ts';
import { hostKeyUserData, mergedUserData } from './user-data.ts';

/** What must be left of the start-to-close time when the request is sent: as long as the client waits for its answer (90 of 120 seconds), and a bit. */
const SHARE_TO_ANSWER = 0.8;

/** A grant comes two seconds before its turn; a clock that is wrong by more must not hold a launch up. */
const LONGEST_TURN_MS = 3_000;

const beforeSending = new AsyncLocalStorage<() => void>();

/** To be called as the last thing before a request leaves this process: throws when it must not leave any more. */
export function checkBeforeSending(): void {
  beforeSending.getStore()?.();
}

export function createLaunchActivities(dependencies: ActivityDependencies): LaunchActivities {
  const { lambda, temporal, namespaceId, ssh, defaults } = dependencies;
  const broker = new Broker(dependencies);
  // P2, second line: Temporal delivers a step of one attempt once, and if it ever does not, nothing is sent. At five launches a minute it
  // never grows to a size worth counting.
  const taken = new Set<string>();
  return {
    async launchInstance(input) {
      const { launchToken, node, runId, offering, sshKeyName, request, hostKeyFingerprint, notBefore, ticketId } =
        input;
      const enteredAt = performance.now();
      const { startToCloseTimeoutMs, attempt, taskToken } = activityInfo();
      if (taken.has(launchToken) || attempt > 1) {
        throw outcomeUnknown('the launch was handed to a worker twice: it may have been sent the first time');
      }
      taken.add(launchToken);
      let sentAt: number | undefined;
      const { instanceType, region } = offering;
      // The answer does not wait for it, and nothing depends on it.
      const told = (outcome: Pick<LaunchOutcome, 'outcome' | 'failure' | 'instanceId' | 'retryAfterMs'>): void => {
        const known = { ...(sentAt === undefined ? {} : { sentAt }), ...(ticketId === undefined ? {} : { ticketId }) };
        tellOutcome(broker, { name: node, instanceType, region, ...outcome, ...known }).catch(() => undefined);
      };
      await sleep(Math.min((notBefore ?? 0) - Date.now(), LONGEST_TURN_MS));
      try {
        return await send();
      } catch (error) {
        const failed = fromLaunch(error);
        told(outcomeOf(failed));
        throw failed;
      }

      async function send(): Promise<{ readonly instanceId: string }> {
        // P2: a worker that was stopped while the step was on its way to it begins it with a fresh clock. Only Temporal knows whether it still waits.
        await requireStillWanted(temporal, taskToken);
        const hostKey = deriveHostKey({ secret: await ssh.hostKeySecret(), salt: launchToken });
        if (hostKey.fingerprint !== hostKeyFingerprint) {
          throw notSent(
            'this worker derives another SSH host key than was recorded for the launch: its secret was exchanged just now, or is not the same on all workers (NAVARCH_HOST_KEY_SECRET, or the SSH private key)',
          );
        }
        const image =
          request.image ?? (defaults.imageFamily === undefined ? undefined : { family: defaults.imageFamily });
        const identity = { node, launchToken, namespaceId, runId, launchedAt: new Date().toISOString() };
        // P2: a worker that was stopped in the middle must not send when it wakes up after the workflow has given the launch up. The clock is
        // monotonic, and the check is the last thing before the request.
        const onlyInTime = (): void => {
          const left = startToCloseTimeoutMs - (performance.now() - enteredAt);
          if (left < startToCloseTimeoutMs * SHARE_TO_ANSWER)
            throw notSent('the launch was not sent: too little of its time was left');
          sentAt = Date.now();
        };
        // No cancellation signal: a launch under way cannot be called back, and its answer says what there is to undo.
        const launched = await beforeSending.run(onlyInTime, () =>
          lambda.launchInstance({
            regionName: region,
            instanceTypeName: instanceType,
            sshKeyNames: [sshKeyName],
            name: instanceName(node, launchToken),
            userData: mergedUserData(hostKeyUserData(hostKey), request.userData),
            tags: tagsOf(identity, request.pool, request.labels ?? {}),
            ...(image === undefined ? {} : { image }),
            ...(request.fileSystemNames === undefined ? {} : { fileSystemNames: request.fileSystemNames }),
          }),
        );
        told({ outcome: 'accepted', instanceId: launched.instanceId });
        return launched;
      }
    },
  };
}

function outcomeOf(failed: unknown): Pick<LaunchOutcome, 'outcome' | 'failure' | 'retryAfterMs'> {
  if (!(failed instanceof ApplicationFailure)) return { outcome: 'unknown' };
  const { refused, retryAfterMs } = (failed.details?.[0] ?? {}) as Partial<LaunchFailureDetails>;
  return {
    outcome: refused === true ? 'refused' : 'unknown',
    failure: failed.type ?? '',
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

/** Temporal takes no sign of life of a step that timed out, or whose workflow is closed; nothing is sent without its word that it waits. */
async function requireStillWanted(temporal: Client, taskToken: Uint8Array): Promise<void> {
  try {
    await temporal.activity.heartbeat(taskToken);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw notSent(`the launch was not sent: Temporal does not confirm that the step is still waited for (${why})`);
  }
}
