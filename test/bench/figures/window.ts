import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchCloud } from '../harness/cloud.ts';
import { sized, type BenchContext, type Figure, type Row } from '../harness/figure.ts';
import { isAccepted, launchesOf, openWaitingRoom, PATIENT, startAll, untilInPhase } from '../harness/line.ts';
import { gaps, median } from '../harness/statistics.ts';

const TYPE = 'gpu_1x_h100_sxm5';
const REGION = 'us-east-1';
const WAITING = 20;
const SLOTS = 3;
const OPEN_MS = 84_000;
/** The lane is free again, and reading is back at its pace. */
const BETWEEN_MS = 20_000;
/** A part of it, so that windows open at different moments of a read interval. */
const SHIFT_MS = 1_700;
const MARGIN_MS = 1_000;

export const window: Figure = {
  name: 'window',
  title: 'a window of capacity: open for 84 s, 3 slots, 20 waiting',
  target: 'all windows used to the full; the first launch within one read interval + 1 s of the opening',
  isSlow: false,
  run,
};

interface Opening {
  readonly launches: number;
  /** From the opening to the first launch. */
  readonly delayMs: number;
}

/** At true pace: a second of ours is to be a second. */
async function run(context: BenchContext): Promise<readonly Row[]> {
  const windows = sized(context, { quick: 1, normal: 3, full: 6 });
  const cloud = await openWaitingRoom(context, { limits: {} });
  await cloud.startWorker();
  const request = { instanceType: TYPE, region: REGION, deadlines: PATIENT };
  await startAll(
    cloud,
    Array.from({ length: WAITING }, (_, index) => ({ ...request, name: `bench-${index}` })),
  );
  await untilInPhase(context, cloud, 'waiting_for_capacity', WAITING, 10 * 60_000);
  await sleep(BETWEEN_MS, undefined, { signal: context.signal });

  const openings: Opening[] = [];
  for (let opened = 1; opened <= windows; opened += 1) {
    openings.push(await openOnce(context, cloud));
    context.tell(`window ${opened} of ${windows}: ${JSON.stringify(openings.at(-1))}`);
    await sleep(BETWEEN_MS + opened * SHIFT_MS, undefined, { signal: context.signal });
  }
  return rows(cloud, openings);
}

/** Opens for so long, or until all of it is taken, when there is nothing more to see. */
async function openOnce({ signal }: BenchContext, cloud: BenchCloud): Promise<Opening> {
  const { controls, clock, oracles } = cloud.simulator;
  const openedAt = clock.now();
  const accepted = (): readonly number[] =>
    launchesOf(cloud)
      .filter((launch) => isAccepted(launch) && launch.at >= openedAt)
      .map(({ at }) => at);
  controls.setCapacity(TYPE, REGION, oracles.instancesAlive().length + SLOTS);
  while (clock.now() < openedAt + OPEN_MS && accepted().length < SLOTS) await sleep(50, undefined, { signal });
  controls.setCapacity(TYPE, REGION, 0);
  const [first = Infinity] = accepted();
  return { launches: accepted().length, delayMs: first - openedAt };
}

function rows(cloud: BenchCloud, openings: readonly Opening[]): readonly Row[] {
  const { record, oracles } = cloud.simulator;
  const reads = record.requests.filter(({ operation }) => operation === 'instance-types').map(({ at }) => at);
  const readIntervalMs = median(gaps(reads));
  const worst = Math.max(...openings.map(({ delayMs }) => delayMs));
  const full = openings.filter(({ launches }) => launches === SLOTS).length;
  return [
    { label: `windows used to the full, of ${openings.length}`, measured: full, bound: { exactly: openings.length } },
    {
      label: 'longest delay from opening to first launch, in (read interval + 1 s)',
      measured: worst / (readIntervalMs + MARGIN_MS),
      bound: { atMost: 1 },
    },
    { label: 'the same, in read intervals', measured: worst / readIntervalMs },
    { label: 'reads of capacity a minute while 20 wait', measured: 60_000 / readIntervalMs },
    { label: 'answers 429', measured: oracles.rateLimitViolations().length, bound: { exactly: 0 } },
  ];
}
