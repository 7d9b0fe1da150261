import { INSTANCE_TYPES } from '../../../src/simulator/index.ts';
import type { BenchCloud } from '../harness/cloud.ts';
import { inversionsBeyondOneSlot, type Attempt, type Rank } from '../harness/fairness.ts';
import { sized, type BenchContext, type Figure, type Row } from '../harness/figure.ts';
import { isAccepted, launchesOf, nodeOf, openWaitingRoom, PATIENT, untilInPhase } from '../harness/line.ts';
import { until } from '../harness/until.ts';

const TYPE = 'gpu_1x_h100_sxm5';
const CLOCK_FACTOR = 10;
const LAUNCH_INTERVAL_MS = 1_300;
const REFUSED = 0.3;
const PRIORITIES = 5;
/** No divisor of the number of priorities: neighbours in time differ in priority, and each has as many. */
const STRIDE = 3;
/** So many times as long as it takes when nothing is refused. */
const PATIENCE = 6;
const SETTLED_WITHIN_MS = 120_000;

export const order: Figure = {
  name: 'order',
  title: '50 waiters of mixed priorities, three launches in ten refused at random: who goes first',
  target: 'no inversion of priority and arrival beyond one lane slot',
  isSlow: false,
  run,
};

async function run(context: BenchContext): Promise<readonly Row[]> {
  const nodes = sized(context, { quick: 15, normal: 50, full: 50 });
  const cloud = await openWaitingRoom(context, {
    clockFactor: CLOCK_FACTOR,
    capacityHints: { refuseProbability: REFUSED },
    environment: { LAMBDA_REQUEST_INTERVAL: '110ms', LAMBDA_LAUNCH_INTERVAL: `${LAUNCH_INTERVAL_MS}ms` },
  });
  await cloud.startWorker();
  const ranks = await startInTurn(cloud, nodes);
  await untilInPhase(context, cloud, 'waiting_for_capacity', nodes, SETTLED_WITHIN_MS);
  for (const region of INSTANCE_TYPES.find(({ name }) => name === TYPE)?.regions ?? []) {
    cloud.simulator.controls.setCapacity(TYPE, region, nodes);
  }
  context.tell(`${nodes} wait; there is room now`);
  const withinMs = PATIENCE * nodes * LAUNCH_INTERVAL_MS;
  await until('all launched', { withinMs, signal: context.signal }, () => acceptedBy(cloud) >= nodes);
  return rows(cloud, ranks);
}

/** One after the other, so that it is certain who came first. */
async function startInTurn(cloud: BenchCloud, nodes: number): Promise<ReadonlyMap<string, Rank>> {
  const ranks = new Map<string, Rank>();
  for (let index = 0; index < nodes; index += 1) {
    const name = `bench-${index}`;
    const priority = ((index * STRIDE) % PRIORITIES) + 1;
    await cloud.provision({ name, instanceType: TYPE, deadlines: PATIENT, capacity: { priority } });
    ranks.set(name, { priority, arrivedAt: index });
  }
  return ranks;
}

function acceptedBy(cloud: BenchCloud): number {
  return launchesOf(cloud).filter(isAccepted).length;
}

function rows(cloud: BenchCloud, ranks: ReadonlyMap<string, Rank>): readonly Row[] {
  const attempts: readonly Attempt[] = launchesOf(cloud).map((launch) => ({
    node: nodeOf(launch),
    isAccepted: isAccepted(launch),
  }));
  return [
    {
      label: `inversions beyond one lane slot, ${ranks.size} waiters`,
      measured: inversionsBeyondOneSlot(attempts, ranks),
      bound: { exactly: 0 },
    },
    { label: 'launches refused on the way', measured: attempts.length - acceptedBy(cloud) },
  ];
}
