import type { BenchCloud } from '../harness/cloud.ts';
import { sized, type BenchContext, type Figure, type Row } from '../harness/figure.ts';
import { launchesOf, openWaitingRoom, PATIENT, startAll } from '../harness/line.ts';
import { until } from '../harness/until.ts';

const TYPE = 'gpu_1x_h100_sxm5';
const LEAST_USE = 98;
const LAMBDAS_INTERVAL_MS = 12_000;
const OUR_INTERVAL_MS = 13_000;
const LAMBDAS_REQUEST_INTERVAL_MS = 1_000;
/** Between two requests beyond Lambda's limit, as by default. The network does not shrink with the clock, so neither does this. */
const MARGIN_MS = 100;
/** A launch that takes four times as long as its turn will not come. */
const PATIENCE = 4;

const ABOUT = {
  title: 'use of the launch lane, with capacity for everybody',
  target: '≥ 98 % of the launches that the lane allows in that time',
};

/** Every delay of ours weighs four times as much as in life: what is met here is met at true pace. */
export const lane: Figure = {
  name: 'lane',
  ...ABOUT,
  isSlow: false,
  run: (context) => measure(context, 4, sized(context, { quick: 12, normal: 50, full: 50 })),
};

export const laneAtTruePace: Figure = {
  name: 'lane-true-pace',
  ...ABOUT,
  title: `${ABOUT.title}, at true pace`,
  isSlow: true,
  run: (context) => measure(context, 1, sized(context, { quick: 6, normal: 50, full: 50 })),
};

async function measure(context: BenchContext, clockFactor: number, nodes: number): Promise<readonly Row[]> {
  const cloud = await openWaitingRoom(context, {
    clockFactor,
    limits: {},
    capacity: { kind: 'plentiful', slots: nodes },
    environment: {
      LAMBDA_REQUEST_INTERVAL: `${LAMBDAS_REQUEST_INTERVAL_MS / clockFactor + MARGIN_MS}ms`,
      LAMBDA_LAUNCH_INTERVAL: `${OUR_INTERVAL_MS / clockFactor}ms`,
    },
  });
  await cloud.startWorker();
  const askedAt = cloud.simulator.clock.now();
  await startAll(
    cloud,
    Array.from({ length: nodes }, (_, index) => ({ name: `bench-${index}`, instanceType: TYPE, deadlines: PATIENT })),
  );
  context.tell(`${nodes} nodes asked for; clock ${clockFactor}x`);
  const withinMs = (PATIENCE * nodes * OUR_INTERVAL_MS) / clockFactor;
  await until('all launched', { withinMs, signal: context.signal }, () => launchesOf(cloud).length >= nodes);
  return rows(cloud, askedAt);
}

function rows(cloud: BenchCloud, askedAt: number): readonly Row[] {
  const times = launchesOf(cloud).map(({ at }) => at);
  const [first = 0, last = 0] = [times[0], times.at(-1)];
  /** In the time from the first to the last, which used a slot each. */
  const use = (intervalMs: number): number => (100 * (times.length - 1) * intervalMs) / (last - first);
  return [
    {
      label: `use of our lane (one launch in 13 s), ${times.length} launches`,
      measured: use(OUR_INTERVAL_MS),
      unit: '%',
      bound: { atLeast: LEAST_USE },
    },
    { label: "the same of Lambda's own limit (one in 12 s)", measured: use(LAMBDAS_INTERVAL_MS), unit: '%' },
    { label: 'from asking to the first launch, in lane slots', measured: (first - askedAt) / OUR_INTERVAL_MS },
    {
      label: 'answers 429',
      measured: cloud.simulator.oracles.rateLimitViolations().length,
      bound: { exactly: 0 },
    },
  ];
}
