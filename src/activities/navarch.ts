import { activityInfo } from '@temporalio/activity';
import type { NavarchNode } from '../clients/navarch/index.ts';
import { judgeRegistration, type RegisteredNode } from '../domain/registration.ts';
import { lookUntil } from './activity-loop.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { final, fromNavarch } from './failures.ts';
import { NavarchError } from '../clients/navarch/index.ts';
import type { NavarchActivities } from './types.ts';

/** What an attempt leaves to the next: which heartbeat was there before. */
interface Beat {
  readonly firstSeenHeartbeatMs?: number;
  readonly looked: boolean;
  readonly waitingFor: string;
}

export function createNavarchActivities(dependencies: ActivityDependencies): NavarchActivities {
  const { navarch, looks } = dependencies;
  return {
    async checkNavarch() {
      await Promise.resolve();
    },

    async awaitRegistration(expected) {
      const before = activityInfo().heartbeatDetails as Beat | undefined;
      let looked = before?.looked ?? false;
      let firstSeenHeartbeatMs = before?.firstSeenHeartbeatMs;
      let waitingFor = before?.waitingFor ?? 'not looked yet';
      return lookUntil({
        everyMs: looks.hostMs,
        details: (): Beat => ({
          looked,
          waitingFor,
          ...(firstSeenHeartbeatMs === undefined ? {} : { firstSeenHeartbeatMs }),
        }),
        timeUp: () =>
          final('registration_failed', `Navarch did not show ${expected.nodeId} alive in time: ${waitingFor}`),
        look: async (signal) => {
          try {
            const node = registered(await navarch.getNode(expected.nodeId, { signal }));
            if (!looked) firstSeenHeartbeatMs = node?.lastHeartbeatMs;
            looked = true;
            const verdict = judgeRegistration(node, expected, firstSeenHeartbeatMs);
            if (verdict.kind === 'ready') return { gpus: node?.gpus ?? [], fakeGpus: false };
            if (verdict.kind === 'wrong') throw final('registration_failed', verdict.reason);
            waitingFor = verdict.reason;
            return undefined;
          } catch (error) {
            // A control plane that is away for minutes is waited for; one that does not let us in is not.
            if (!(error instanceof NavarchError) || error.kind !== 'unavailable') throw fromNavarch(error);
            waitingFor = error.message;
            return undefined;
          }
        },
      });
    },

    async markNode({ nodeId, command }) {
      try {
        await navarch.issueCommand({ nodeId, command });
      } catch (error) {
        if (error instanceof NavarchError && error.kind === 'not_found') return;
        throw fromNavarch(error);
      }
    },
  };
}

function registered(node: NavarchNode | undefined): RegisteredNode | undefined {
  if (node === undefined) return undefined;
  const { nodeId, provider, region, instanceType, status, labels, lastHeartbeatMs } = node;
  const gpus = node.gpus.map((gpu) => ({
    index: gpu.index,
    uuid: gpu.uuid,
    model: gpu.name,
    memoryMib: Math.round(gpu.memoryBytes / 2 ** 20),
  }));
  return {
    nodeId,
    provider,
    region,
    instanceType,
    status,
    labels,
    gpus,
    ...(lastHeartbeatMs === undefined ? {} : { lastHeartbeatMs }),
  };
}
