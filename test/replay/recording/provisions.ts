import { WithStartWorkflowOperation } from '@temporalio/client';
import { acceptUpdate } from '../../../src/contract/messages.ts';
import type { Node, ProvisionNodeRequest } from '../../../src/contract/provision-node.ts';
import { accountBrokerId, provisionNodeId } from '../../../src/contract/workflow-ids.ts';
import { BOOTSTRAP_SECRET_NAME } from './secrets.ts';
import type { Stage } from './stage.ts';
import type { Story } from './story.ts';

const REFUSED = {
  kind: 'error',
  status: 400,
  code: 'instance-operations/launch/insufficient-capacity',
} as const;

const type = 'provisionNode';

/** A node that somebody has brought up for what comes after. */
export async function ready(
  stage: Stage,
  name: string,
  request: Readonly<Record<string, unknown>> = {},
): Promise<Node> {
  const provision = await stage.provision({ name, registration: 'direct', gpuCheck: 'off', ...request });
  return provision.result();
}

/** Its end, however it ends. */
async function ended(provision: { result(): Promise<unknown> }): Promise<void> {
  await provision.result().catch(() => undefined);
}

export const PROVISIONS: readonly Story[] = [
  // First, for it takes longest: three minutes.
  {
    title: 'a wait for capacity, its ticket sent twice, given up by its asker',
    simulated: { capacity: { kind: 'none' } },
    play: async (stage, record) => {
      const provision = await stage.provision({ name: 'waiting' });
      await stage.untilSteps(provision.workflowId, 'joinLine', 1); // its first was sent in passing
      await provision.cancel();
      await ended(provision);
      await record(type, 'waiting-cancelled', provision);
      // A minute after nobody needs it.
      const broker = accountBrokerId(stage.account);
      await stage.client.workflow.getHandle(broker).result();
      await record('accountBroker', 'unneeded', { workflowId: broker });
    },
  },
  {
    title: 'a node by the built-in agent, from the wish to its end',
    play: async (stage, record) => {
      const name = 'agent';
      const pooled = { pool: 'training', labels: { team: 'vision' }, region: 'us-east-1' };
      const provision = await stage.provision({ name, ...pooled });
      await provision.result();
      await record(type, 'ready-by-agent', provision);
      const { workflowId } = await stage.ask('terminateNode', { name, reason: 'recorded', drainFor: '1s' });
      await record('terminateNode', 'kept-node', { workflowId });
      await record('keepNode', 'ended-by-wish', stage.keeper(name));
      await record('accountBroker', 'grants', { workflowId: accountBrokerId(stage.account) });
    },
  },
  {
    title: 'a node without an agent',
    play: async (stage, record) => {
      const provision = await stage.provision({ name: 'direct', registration: 'direct' });
      await provision.result();
      await record(type, 'registered-directly', provision);
    },
  },
  {
    title: 'a node by commands of its own, whose host key is trusted',
    play: async (stage, record) => {
      const commands = [{ run: `test -n "$${BOOTSTRAP_SECRET_NAME}"`, title: 'look at the secret' }, 'true'];
      const provision = await stage.provision({
        name: 'commands',
        bootstrap: { commands, secrets: [BOOTSTRAP_SECRET_NAME] },
        ...{ registration: 'direct', hostKey: 'trust-first', gpuCheck: 'off' },
      });
      await provision.result();
      await record(type, 'ready-by-own-commands', provision);
    },
  },
  {
    title: 'a launch refused for capacity, and another one granted',
    simulated: { faults: [{ on: 'launch', nth: 1, do: REFUSED }] },
    play: async (stage, record) => {
      const provision = await stage.provision({ name: 'refused', registration: 'direct', gpuCheck: 'off' });
      await provision.result();
      await record(type, 'refused-then-granted', provision);
      await record('accountBroker', 'refusal-heard', { workflowId: accountBrokerId(stage.account) });
    },
  },
  {
    title: 'a launch whose answer is lost, and whose instance is found by its token',
    simulated: { faults: [{ on: 'launch', nth: 1, do: { kind: 'lost-answer', as: { answer: 'reset' } } }] },
    play: async (stage, record) => {
      const provision = await stage.provision({ name: 'lost', registration: 'direct', gpuCheck: 'off' });
      await provision.result();
      await record(type, 'unknown-launch-adopted', provision);
    },
  },
  {
    title: 'a bad machine, unwound, and another one',
    simulated: { faults: [{ on: 'instance', launch: 1, do: { kind: 'unhealthy' } }] },
    play: async (stage, record) => {
      const provision = await stage.provision({ name: 'bad', registration: 'direct', gpuCheck: 'off' });
      await provision.result();
      await record(type, 'bad-machine-then-another', provision);
    },
  },
  {
    title: 'broken GPUs, remembered, and no further launch',
    simulated: { faults: [{ on: 'instance', launch: 1, do: { kind: 'gpus-missing', gpus: [0] } }] },
    play: async (stage, record) => {
      const provision = await stage.provision({ name: 'gpus', registration: 'direct', maxLaunches: 1 });
      await ended(provision);
      await record(type, 'gpus-broken', provision);
      await record('accountBroker', 'gpus-condemned', { workflowId: accountBrokerId(stage.account) });
    },
  },
  {
    title: 'a provision cancelled while its machine boots',
    simulated: { faults: [{ on: 'instance', do: { kind: 'stuck-booting' } }] },
    play: async (stage, record) => {
      const provision = await stage.provision({ name: 'cancelled' });
      await stage.until(provision.workflowId, ({ phase }) => phase === 'connecting');
      await provision.cancel();
      await ended(provision);
      await record(type, 'cancelled-while-booting', provision);
    },
  },
  {
    title: 'a provision whose time is over',
    simulated: { faults: [{ on: 'instance', do: { kind: 'stuck-booting' } }] },
    play: async (stage, record) => {
      const provision = await stage.provision({ name: 'late', deadlines: { whole: '5s' } });
      await ended(provision);
      await record(type, 'deadline-exceeded', provision);
    },
  },
  {
    title: 'a request that no launch can fulfil',
    play: async (stage, record) => {
      const provision = await stage.provision({ name: 'hopeless', instanceType: 'gpu_0x_nothing' });
      await ended(provision);
      await record(type, 'hopeless-request', provision);
    },
  },
  {
    title: 'a request that cannot be read',
    play: async (stage, record) => {
      const provision = await stage.provision({ name: 'misspelt', instanceTpye: 'gpu_1x_a10' });
      await ended(provision);
      await record(type, 'invalid-request', provision);
    },
  },
  {
    title: 'a node asked for twice while it boots, and once more when it is kept',
    play: async (stage, record) => {
      const request = {
        name: 'joined',
        instanceType: 'gpu_1x_h100_sxm5',
        registration: 'direct',
        gpuCheck: 'off',
      } as const;
      const accepted = await accept(stage, request);
      await accept(stage, request);
      await accepted.result();
      await record(type, 'joined-in-progress', accepted);
      const again = await accept(stage, request);
      await again.result();
      await record(type, 'joined-kept', again);
    },
  },
  {
    title: 'a wait for capacity that ends by its own deadline',
    simulated: { capacity: { kind: 'none' } },
    play: async (stage, record) => {
      const provision = await stage.provision({ name: 'in-vain', capacity: { waitUpTo: '5s' } });
      await ended(provision);
      await record(type, 'no-capacity', provision);
    },
  },
  {
    title: 'a launch whose answer is lost and that came to nothing, proven absent, and another one',
    on: 'skipped',
    simulated: { faults: [{ on: 'launch', nth: 1, do: { kind: 'reset' } }] },
    play: async (stage, record) => {
      const provision = await stage.provision({ name: 'absent', registration: 'direct', gpuCheck: 'off' });
      await provision.result();
      await record(type, 'unknown-launch-proven-absent', provision);
    },
  },
  {
    title: 'a provision that continues as new between two launches',
    on: 'short',
    simulated: { faults: [{ on: 'launch', nth: 1, do: REFUSED }] },
    play: async (stage, record) => {
      const provision = await stage.provision({ name: 'continued', registration: 'direct', gpuCheck: 'off' });
      await provision.result();
      const { workflowId, firstExecutionRunId: runId } = provision;
      await record(type, 'continued', { workflowId, runId });
      await record(type, 'continuation', { workflowId });
    },
  },
];

/** As the SDK asks: starts, or joins what runs. */
async function accept({ client, taskQueue }: Stage, request: ProvisionNodeRequest) {
  const startWorkflowOperation = new WithStartWorkflowOperation<(input: ProvisionNodeRequest) => Promise<Node>>(type, {
    workflowId: provisionNodeId(request.name),
    taskQueue,
    args: [request],
    workflowIdConflictPolicy: 'USE_EXISTING',
  });
  await client.workflow.executeUpdateWithStart(acceptUpdate, { args: [request], startWorkflowOperation });
  return startWorkflowOperation.workflowHandle();
}
