import type { Node } from '../../../src/contract/provision-node.ts';
import { activitiesOf } from '../harness/actions.ts';
import { startChildWorker } from '../harness/child-worker.ts';
import { openCloud, UNPACED, type BenchCloud } from '../harness/cloud.ts';
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
  const provisions = await rate('provision', count, async (name) => {
    nodes.push(await provisionOne(cloud, name));
  });
  context.tell(`median milliseconds: ${whereTimeGoes(nodes)}`);
  await worker.stop();
  const after = await bareRate(context, cloud, activities, count);
  const bare = (before + after) / 2;
  return [
    {
      label: 'provisions a second ÷ bare workflows a second',
      measured: provisions / bare,
      bound: { atLeast: LEAST_SHARE },
    },
    { label: 'provisions a second', measured: provisions },
    { label: `bare workflows of ${activities} activities a second, before and after`, measured: bare },
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
async function bareRate(
  { bundles, atEnd }: BenchContext,
  { client, temporalAddress }: BenchCloud,
  activities: number,
  count: number,
): Promise<number> {
  const order = { kind: 'bare', temporalAddress, bundlePath: bundles.bare, taskQueue: BARE_QUEUE } as const;
  const worker = await startChildWorker(order);
  atEnd(() => worker.kill());
  const measured = await rate('bare', count, async (name) => {
    await client.workflow.execute('bare', {
      workflowId: `${name}-${worker.pid}`,
      taskQueue: BARE_QUEUE,
      args: [{ activities }],
    });
  });
  await worker.stop();
  return measured;
}

/** A second. The first few warm up what is warm in life. */
async function rate(kind: string, count: number, one: (name: string) => Promise<void>): Promise<number> {
  await inParallel(AT_ONCE, AT_ONCE, (index) => one(`${kind}-warm-${index}`));
  const startedAt = performance.now();
  await inParallel(count, AT_ONCE, (index) => one(`${kind}-${index}`));
  return count / ((performance.now() - startedAt) / 1_000);
}
