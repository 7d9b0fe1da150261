import { setTimeout as sleep } from 'node:timers/promises';
import { UNPACED } from '../harness/cloud.ts';
import { sized, type BenchContext, type Figure, type Row } from '../harness/figure.ts';
import { openWaitingRoom, startAll, untilInPhase } from '../harness/line.ts';

const TYPE = 'gpu_8x_h100_sxm5';
const BYTES_PER_MIB = 2 ** 20;
const SAMPLES = 10;
const SAMPLE_EVERY_MS = 3_000;
/** For so many nodes, on a slow machine. */
const WITHIN_MS = 40 * 60_000;

export const memory: Figure = {
  name: 'memory',
  title: 'memory of a worker process with 1,000 nodes waiting for capacity',
  target: '≤ 400 MiB',
  isSlow: false,
  run: (context) => measure(context, sized(context, { quick: 100, normal: 1_000, full: 1_000 }), 400),
};

export const memoryOfMany: Figure = {
  name: 'memory-10000',
  title: 'memory of a worker process with 10,000 nodes waiting for capacity',
  target: '≤ 1 GiB',
  isSlow: true,
  run: (context) => measure(context, sized(context, { quick: 200, normal: 10_000, full: 10_000 }), 1_024),
};

/** Of the worker that brought them all there, at its defaults but for the pace: its caches are as full as they get. */
async function measure(context: BenchContext, nodes: number, mostMib: number): Promise<readonly Row[]> {
  const cloud = await openWaitingRoom(context, { environment: UNPACED });
  const worker = await cloud.startWorker();
  await startAll(
    cloud,
    Array.from({ length: nodes }, (_, index) => ({ name: `bench-${index}`, instanceType: TYPE })),
  );
  context.tell(`${nodes} nodes asked for`);
  await untilInPhase(context, cloud, 'waiting_for_capacity', nodes, WITHIN_MS);

  const samples: number[] = [];
  for (let taken = 0; taken < SAMPLES; taken += 1) {
    await sleep(SAMPLE_EVERY_MS, undefined, { signal: context.signal });
    samples.push((await worker.usage()).rssBytes / BYTES_PER_MIB);
  }
  const { mostRssBytes } = await worker.usage();
  return [
    {
      label: `most RSS while ${nodes} nodes wait`,
      measured: Math.round(Math.max(...samples)),
      unit: 'MiB',
      bound: { atMost: mostMib },
    },
    { label: 'most RSS ever, while they got there', measured: Math.round(mostRssBytes / BYTES_PER_MIB), unit: 'MiB' },
  ];
}
