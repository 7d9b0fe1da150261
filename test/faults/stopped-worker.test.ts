import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ownedTokens } from '../../src/contract/memo.ts';
import { keepNodeId, provisionNodeId, terminateNodeId } from '../../src/contract/workflow-ids.ts';
import { endingOf, startProvision } from '../support/provisions.ts';
import { openProcessSlot, type ProcessSlot } from './harness/process-slot.ts';
import type { Execution } from './harness/puppet.ts';
import { startCloud } from './harness/settings.ts';
import { ifRunning } from './harness/temporal.ts';
import { expectNothingLeft } from './harness/world.ts';

// P2: a launch that the workflow has given up must not be sent by a worker that was stopped in the middle of it and wakes up again.

let slot: ProcessSlot;
beforeEach(async () => {
  slot = await openProcessSlot({ asksBeforeKey: true });
});
afterEach(() => slot.close());

test.each(['when the step has begun', 'between the receipt of the step and its begin'])(
  "a worker stopped %s, across the launch step's whole time, does not send it late",
  async (place) => {
    const simulator = await startCloud(slot.site, 1, []);
    const { client, taskQueue, strings } = slot;
    const stopped = slot.worker();
    let launching: Execution | undefined;
    let isStopped = false;
    const seen = { lookedForLaunch: false };
    const stop = async (): Promise<void> => {
      if (launching === undefined || isStopped) return;
      isStopped = true;
      process.kill(stopped.pid, 'SIGSTOP');
      await slot.addWorker();
    };
    strings.puppeteer = {
      before: async (execution) => {
        if (execution.activityType === 'launchInstance') launching ??= execution;
        seen.lookedForLaunch ||= isStopped && execution.activityType === 'findInstances';
        if (place !== 'when the step has begun') await stop();
        return 'go';
      },
      after: () => Promise.resolve('go'),
      done: () => undefined,
    };
    // The API key is read in the middle of the launch step: there the process stops, with the order to go on in its inbox.
    strings.beforeKey = stop;
    const provision = await startProvision(client, taskQueue);
    try {
      while (!seen.lookedForLaunch) await sleep(20); // the workflow counts the launch as of unknown outcome, and looks for it
      const [abandoned] = ownedTokens((await provision.describe()).memo) ?? [];
      process.kill(stopped.pid, 'SIGCONT');
      const ended = await endingOf(provision.result());
      expect(ended.type).toBe('completed');
      const { name } = JSON.parse(ended.message) as { name: string };
      const sent = simulator.record.requests.flatMap(({ launchName }) => launchName ?? []);
      expect(sent).toHaveLength(1);
      expect(sent).not.toContain(`${name}-${abandoned}`);
      await client.workflow.execute('terminateNode', {
        workflowId: terminateNodeId(name),
        taskQueue,
        args: [{ name }],
      });
      expectNothingLeft(simulator, 'the node was ended');
    } finally {
      const { workflowId } = provision;
      for (const id of [workflowId, workflowId.replace(provisionNodeId(''), keepNodeId(''))]) {
        await ifRunning(() => client.workflow.getHandle(id).terminate('the test is over'));
      }
      await simulator.close();
    }
  },
);
