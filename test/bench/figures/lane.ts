import type { BenchCloud } from '../harness/cloud.ts';
import { sized, type BenchContext, type Figure, type Row } from '../harness/figure.ts';
import { launchesOf, openWaitingRoom, PATIENT, startAll } from '../harness/line.ts';
import { gaps, median } from '../harness/statistics.ts';
import { until } from '../harness/until.ts';

const TYPE = 'gpu_1x_h100_sxm5';
const NODES = 50;
const LEAST_USE = 98;
const LAMBDAS_INTERVAL_MS = 12_000;
/** The default of LAMBDA_LAUNCH_INTERVAL. */
const OUR_INTERVAL_MS = 13_000;
/** Launches that take three times as long as their turns will not come. */
const PATIENCE = 3;

export const lane: Figure = {
  name: 'lane',
  title: 'use of the launch lane, 50 nodes asked for at once, with room for all',
  target: '≥ 98 % of the launches that the lane allows in that time',
  isSlow: false,
  run,
};

/** At true pace: a clock that runs faster makes the lane shorter, and not what a launch takes to get there. */
async function run(context: BenchContext): Promise<readonly Row[]> {
  const launches = sized(context, { quick: 6, normal: 20, full: NODES });
  const cloud = await openWaitingRoom(context, { limits: {}, capacity: { kind: 'plentiful', slots: NODES } });
  await cloud.startWorker();
  const askedAt = cloud.simulator.clock.now();
  await startAll(
    cloud,
    Array.from({ length: NODES }, (_, index) => ({ name: `bench-${index}`, instanceType: TYPE, deadlines: PATIENT })),
  );
  context.tell(`${NODES} nodes asked for; the first ${launches} launches are looked at`);
  const withinMs = PATIENCE * launches * OUR_INTERVAL_MS;
  await until(`${launches} launches`, { withinMs, signal: context.signal }, () => launchesOf(cloud).length >= launches);
  return rows(cloud, askedAt, launches);
}

function rows(cloud: BenchCloud, askedAt: number, launches: number): readonly Row[] {
  const times = launchesOf(cloud)
    .slice(0, launches)
    .map(({ at }) => at);
  const [first = 0, last = 0] = [times[0], times.at(-1)];
  /** From the first to the last, each of which used a slot. */
  const use = (intervalMs: number): number => (100 * (times.length - 1) * intervalMs) / (last - first);
  return [
    {
      label: `use of our lane (one launch in 13 s), ${times.length} launches`,
      measured: use(OUR_INTERVAL_MS),
      unit: '%',
      bound: { atLeast: LEAST_USE },
    },
    { label: "the same of Lambda's own limit (one in 12 s)", measured: use(LAMBDAS_INTERVAL_MS), unit: '%' },
    { label: 'median gap between two launches, in lane slots', measured: median(gaps(times)) / OUR_INTERVAL_MS },
    { label: 'longest gap, in lane slots', measured: Math.max(...gaps(times)) / OUR_INTERVAL_MS },
    { label: 'from asking to the first launch, in lane slots', measured: (first - askedAt) / OUR_INTERVAL_MS },
    { label: 'answers 429', measured: cloud.simulator.oracles.rateLimitViolations().length, bound: { exactly: 0 } },
  ];
}
