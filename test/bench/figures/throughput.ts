import type { Node } from '../../../src/contract/provision-node.ts';
import { activitiesOf } from '../harness/actions.ts';
import { startChildWorker, type ChildWorker } from '../harness/child-worker.ts';
import { openCloud, UNPACED, type BenchCloud } from '../harness/cloud.ts';
import { shown, sumOf, watchCpu, type CpuUse } from '../harness/cpu.ts';
import { sized, type BenchContext, type Figure, type Row } from '../harness/figure.ts';
import { inParallel } from '../harness/parallel.ts';
import { median } from '../harness/statistics.ts';

const LEAST_SHARE = 0.6;
const AT_ONCE = 20;
const BARE_QUEUE = 'bench-bare';
const TYPE = 'gpu_1x_h100_sxm5';
const INSTANT = [0, 0] as const;

export const throughput: Figure = {
  name: 'throughput',
  title: 'provisions a second with instant machines, against bare workflows of as many no-op activities',
  target: '≥ 0.6 of it',
  isSlow: false,
  run,
};

async function run(context: BenchContext): Promise<readonly Row[]> {
  const count = sized(context, { quick: 40, normal: 300, full: 1_000 });
  const cloud = await openCloud(context, {
    limits: 'off',
    // Boots take no time, and what machines do takes a hundredth of theirs.
    clockFactor: 100,
    bootModel: { addressMs: INSTANT, singleGpuActiveMs: INSTANT },
    capacity: { kind: 'plentiful', slots: 100_000 },
    environment: UNPACED,
  });
  const worker = await cloud.startWorker();
  const activities = await activitiesOfOne(cloud);
  context.tell(`${count} of each, ${AT_ONCE} at once; a provision has ${activities} activities`);

  const before = await bareRate(context, cloud, activities, count);
  const nodes: Node[] = [];
  const provisions = await pace(context, cloud, worker, 'provision', count, async (name) => {
    nodes.push(await provisionOne(cloud, name));
  });
  context.tell(`median milliseconds: ${whereTimeGoes(nodes)}`);
  await worker.stop();
  const after = await bareRate(context, cloud, activities, count);
  const bare = (before.aSecond + after.aSecond) / 2;
  return [
    {
      label: 'provisions a second ÷ bare workflows a second',
      measured: provisions.aSecond / bare,
      bound: { atLeast: LEAST_SHARE },
    },
    { label: 'provisions a second', measured: provisions.aSecond },
    { label: `bare workflows of ${activities} activities a second, before and after`, measured: bare },
    { label: 'CPU of a provision ÷ CPU of a bare workflow', measured: sumOf(provisions.cpu) / sumOf(after.cpu) },
  ];
}

/** Registered by ourselves and unproven: what a machine itself does for its agent and GPUs is not ours to measure. */
async function provisionOne(cloud: BenchCloud, name: string): Promise<Node> {
  const provision = await cloud.provision({ name, instanceType: TYPE, gpuCheck: 'off', registration: 'direct' });
  return provision.result();
}

/** From one of a node's times to the next, as far as both are known. */
function whereTimeGoes(nodes: readonly Node[]): string {
  const steps = ['requested', 'granted', 'launched', 'addressKnown', 'sshVerified', 'bootstrapped', 'ready'] as const;
  return steps
    .slice(1)
    .map((step, index) => {
      const from = steps[index] ?? step;
      const took = nodes.map(({ times }) => Date.parse(times[step]) - Date.parse(times[from]));
      return `${step} +${median(took)}`;
    })
    .join(', ');
}

async function activitiesOfOne({ client, provision }: BenchCloud): Promise<number> {
  const names = ['first-1', 'first-2', 'first-3'];
  const counts = names.map(async (name) => {
    const handle = await provision({ name, instanceType: TYPE, gpuCheck: 'off', registration: 'direct' });
    await handle.result();
    const { events } = await client.workflow.getHandle(handle.workflowId).fetchHistory();
    return activitiesOf(events ?? []);
  });
  return median(await Promise.all(counts));
}

/** The same server, a worker process like the product's, and as many at once. */
async function bareRate(context: BenchContext, cloud: BenchCloud, activities: number, count: number): Promise<Pace> {
  const { bundles, atEnd } = context;
  const { client, temporalAddress } = cloud;
  const order = { kind: 'bare', temporalAddress, bundlePath: bundles.bare, taskQueue: BARE_QUEUE } as const;
  const worker = await startChildWorker(order);
  atEnd(() => worker.kill());
  const measured = await pace(context, cloud, worker, 'bare', count, async (name) => {
    await client.workflow.execute('bare', {
      workflowId: `${name}-${worker.pid}`,
      taskQueue: BARE_QUEUE,
      args: [{ activities }],
    });
  });
  await worker.stop();
  return measured;
}

interface Pace {
  readonly aSecond: number;
  /** Of each. */
  readonly cpu: CpuUse;
}

/** The first few warm up what is warm in life. */
async function pace(
  context: BenchContext,
  { serverPid }: BenchCloud,
  worker: ChildWorker,
  kind: string,
  count: number,
  one: (name: string) => Promise<void>,
): Promise<Pace> {
  await inParallel(AT_ONCE, AT_ONCE, (index) => one(`${kind}-warm-${index}`));
  const watch = watchCpu(context, serverPid, worker.pid);
  const startedAt = await watch.sample();
  await inParallel(count, AT_ONCE, (index) => one(`${kind}-${index}`));
  const endedAt = await watch.sample();
  const { server, worker: ours, cloud } = watch.between(startedAt, endedAt);
  const cpu = { server: server / count, worker: ours / count, cloud: cloud / count };
  context.tell(`CPU of one ${kind}: ${shown(cpu)}`);
  return { aSecond: count / ((endedAt - startedAt) / 1_000), cpu };
}
