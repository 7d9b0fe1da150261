import { endNodeSignal, wakeSignal } from '../../../src/contract/messages.ts';
import { accountBrokerId, provisionNodeId } from '../../../src/contract/workflow-ids.ts';
import { HOUR } from '../../../src/domain/durations.ts';
import { ready } from './provisions.ts';
import type { Story } from './story.ts';

const type = 'keepNode';

/** What happens to nodes that are kept, and how they end. */
export const LIVES: readonly Story[] = [
  {
    title: 'a node whose lifetime is over',
    play: async (stage, record) => {
      await ready(stage, 'short-lived', { lifetime: '2s' });
      await stage.keeper('short-lived').result();
      await record(type, 'lifetime-over', stage.keeper('short-lived'));
    },
  },
  {
    title: 'a node whose keeper is cancelled',
    play: async (stage, record) => {
      await ready(stage, 'cancelled');
      await stage.keeper('cancelled').cancel();
      await stage.keeper('cancelled').result();
      await record(type, 'cancelled', stage.keeper('cancelled'));
    },
  },
  {
    title: 'a node that turns unhealthy, recovers, and is preempted',
    play: async (stage, record) => {
      const { instanceId } = await ready(stage, 'preempted');
      const keeper = stage.keeper('preempted');
      stage.simulator.controls.setHealth(instanceId, 'unhealthy');
      await stage.until(keeper.workflowId, ({ needsAttention }) => needsAttention !== undefined);
      stage.simulator.controls.setHealth(instanceId, 'active');
      await stage.until(keeper.workflowId, ({ needsAttention }) => needsAttention === undefined);
      stage.simulator.controls.endFromOutside(instanceId, 'preempted');
      await keeper.result();
      await record(type, 'ended-outside', keeper);
      await record('accountBroker', 'tells-news', { workflowId: accountBrokerId(stage.account) });
    },
  },
  {
    title: 'a node that is kept for days',
    on: 'skipped',
    play: async (stage, record) => {
      await ready(stage, 'lasting');
      const keeper = stage.keeper('lasting');
      const { runId } = await keeper.describe();
      await stage.skip(50 * HOUR);
      await record(type, 'continued-daily', { workflowId: keeper.workflowId, runId });
      await keeper.signal(endNodeSignal, { reason: 'recorded', drainForMs: 0 });
      await keeper.result();
      await record(type, 'continuation-ended', keeper);
    },
  },
  {
    title: 'a keeper and a broker that continue as new because their histories are long',
    on: 'short',
    play: async (stage, record) => {
      await ready(stage, 'woken');
      const keeper = stage.keeper('woken');
      const first = await keeper.describe();
      for (let runId = first.runId; runId === first.runId; { runId } = await keeper.describe()) {
        await keeper.signal(wakeSignal);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      await record(type, 'continued-by-suggestion', first);
      await record(type, 'continuation', keeper);
      const broker = { workflowId: accountBrokerId(stage.account) };
      const { raw } = await stage.client.workflow.getHandle(broker.workflowId).describe();
      const runId = raw.workflowExecutionInfo?.firstRunId ?? '';
      await record('accountBroker', 'continued', { ...broker, runId });
      await record('accountBroker', 'continuation', broker);
    },
  },
  {
    title: 'a provision that is asked to end by name',
    simulated: { faults: [{ on: 'instance', do: { kind: 'stuck-booting' } }] },
    play: async (stage, record) => {
      const name = 'unwanted';
      const provision = await stage.provision({ name });
      await stage.until(provision.workflowId, ({ phase }) => phase === 'connecting');
      const { workflowId } = await stage.ask('terminateNode', { name });
      await record('terminateNode', 'provision', { workflowId });
    },
  },
  {
    title: 'a node of which nobody has heard, asked to end',
    play: async (stage, record) => {
      const { workflowId } = await stage.ask('terminateNode', { name: 'nobody' });
      await record('terminateNode', 'unknown-node', { workflowId });
    },
  },
  {
    title: 'what a terminated provision left, asked to end by name',
    simulated: { faults: [{ on: 'instance', do: { kind: 'stuck-booting' } }] },
    play: async (stage, record) => {
      const name = 'forced';
      const provision = await stage.provision({ name });
      await stage.until(provision.workflowId, ({ phase }) => phase === 'connecting');
      await stage.client.workflow.getHandle(provisionNodeId(name)).terminate('by force');
      // It looks for a quarter of an hour: what it did up to the third look stands for the rest.
      const asked = await stage.start('terminateNode', { name });
      await stage.untilSteps(asked.workflowId, 'findUnowned', 3);
      await record('terminateNode', 'remains-by-tag', asked);
      await asked.terminate('recorded');
    },
  },
  {
    title: 'a broker that is told to pause',
    simulated: {
      faults: [{ on: 'list', nth: [1, 2], do: { kind: 'rate-limited', retryAfterSeconds: 1 } }],
    },
    play: async (stage, record) => {
      await ready(stage, 'paused');
      await record('accountBroker', 'paused', { workflowId: accountBrokerId(stage.account) });
    },
  },
];
