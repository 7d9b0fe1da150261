import { setTimeout as sleep } from 'node:timers/promises';
import { progressQuery, type Progress } from '../../src/contract/messages.ts';
import { keepNodeId, provisionNodeId } from '../../src/contract/workflow-ids.ts';
import type { Stage, StageOptions } from '../../src/demo/stage.ts';
import type { ProvisionNodeRequest } from '../../src/sdk/index.ts';

// Who asks for what, and how far each is to come before its picture is taken.

const LOOK_MS = 200;

/** The slowest is the second wait in the line, which tells its place: up to two minutes after the first. */
const EACH_WITHIN_MS = 4 * 60_000;

const NO_ROOM = 'gpu_8x_h100_sxm5';
const POOL = 'training';

/** Its first machine turns unhealthy, and its commands fail on every other. */
const UNLUCKY = 'eval-1';

/** Simulated time runs so many times as fast: quick enough to wait for, slow enough for the machines' clock not to look wrong beside ours. */
const CLOCK_FACTOR = 5;

export const SIMULATION: StageOptions['simulation'] = {
  clockFactor: CLOCK_FACTOR,
  seed: 5,
  // A busy machine sends late; the pictures are not about our own rate limits.
  limits: 'off',
  capacity: { kind: 'none' },
  faults: [{ on: 'instance', matchName: UNLUCKY, times: 1, do: { kind: 'unhealthy' } }],
};

/** Runs for as long as it is looked at. */
const PULL = `for layer in $(seq 1 400); do
  echo "layer $layer of 400: pulled"
  sleep 6
done`;

const ROOM = [
  ['gpu_1x_a100_sxm4', 'us-east-1'],
  ['gpu_1x_h100_sxm5', 'us-south-2'],
  ['gpu_1x_a10', 'us-west-1'],
] as const;

const WAITING: readonly ProvisionNodeRequest[] = [
  { name: 'trainer-1', instanceType: NO_ROOM, pool: POOL },
  { name: 'trainer-2', instanceType: NO_ROOM, pool: POOL },
  { name: 'trainer-3', instanceType: NO_ROOM, pool: POOL, region: ['us-west-1', 'us-east-1'] },
  { name: 'trainer-4', instanceType: NO_ROOM, pool: POOL },
];

const OTHERS: readonly ProvisionNodeRequest[] = [
  {
    name: 'finetune-1',
    instanceType: 'gpu_1x_a100_sxm4',
    pool: POOL,
    bootstrap: {
      commands: [
        {
          title: 'install the container runtime',
          run: 'apt-get update && apt-get install -y nvidia-container-toolkit',
        },
        { title: 'pull the training image', run: PULL, timeout: '8h' },
      ],
    },
  },
  { name: 'finetune-2', instanceType: ['gpu_1x_h100_sxm5', 'gpu_1x_a100_sxm4'], pool: POOL },
  {
    name: UNLUCKY,
    instanceType: 'gpu_1x_a10',
    pool: POOL,
    maxLaunches: 2,
    bootstrap: { commands: [{ title: 'fetch the evaluation set', run: 'curl -fsSLO https://data.example/eval.tar' }] },
  },
  { name: 'finetune-3', instanceType: 'gpu_1x_a10', pool: POOL },
  { name: 'chat-1', instanceType: 'gpu_1x_a10', pool: 'inference' },
];

export const SCENES = {
  waiting: provisionNodeId('trainer-3'),
  bootstrapping: provisionNodeId('finetune-1'),
  ready: keepNodeId('finetune-2'),
  unwound: provisionNodeId(UNLUCKY),
  attention: keepNodeId('finetune-3'),
} as const;

/** Asks for all of them, and returns when each is where it is to be shown. */
export async function play(stage: Stage): Promise<void> {
  const { provisioner, world } = stage;
  const { controls, record } = world.simulator;
  for (const [type, region] of ROOM) controls.setCapacity(type, region, 4);
  await stage.startWorker();
  for (const request of [...WAITING, ...OTHERS]) await provisioner.provision(request);
  await Promise.all([
    until(stage, SCENES.waiting, ({ detail }) => detail?.includes('place ') === true),
    until(stage, SCENES.bootstrapping, ({ machine }) => machine?.step === 'pull the training image'),
    until(stage, SCENES.ready, ({ phase }) => phase === 'ready'),
    until(stage, SCENES.attention, ({ phase }) => phase === 'ready').then(() => {
      const unhealthy = record.instances.find(({ name }) => name.startsWith('finetune-3-'));
      if (unhealthy !== undefined) controls.setHealth(unhealthy.id, 'unhealthy');
      return until(stage, SCENES.attention, ({ needsAttention }) => needsAttention !== undefined);
    }),
    stage.temporal.workflow
      .getHandle(SCENES.unwound)
      .result()
      .catch(() => undefined),
  ]);
}

async function until(stage: Stage, workflowId: string, isThere: (progress: Progress) => boolean): Promise<void> {
  const signal = AbortSignal.any([stage.signal, AbortSignal.timeout(EACH_WITHIN_MS)]);
  let last: Progress | undefined;
  for (;;) {
    // A keeper is not there before its node is ready.
    last = await stage.temporal.workflow
      .getHandle(workflowId)
      .query(progressQuery)
      .catch(() => last);
    if (last !== undefined && isThere(last)) return;
    if (signal.aborted) throw new Error(`${workflowId} did not come so far: ${JSON.stringify(last)}`);
    await sleep(LOOK_MS);
  }
}
