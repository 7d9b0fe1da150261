import { setTimeout as sleep } from 'node:timers/promises';
import type { RequestRecord } from '../../../src/simulator/index.ts';
import type { BenchCloud, ProvisionRequest } from '../harness/cloud.ts';
import { sized, type BenchContext, type Figure, type Row } from '../harness/figure.ts';
import { AT_SPEED, openWaitingRoom, PATIENT, startAll, untilInPhase } from '../harness/line.ts';

const WANTED = 'gpu_8x_h100_sxm5';
const BOOTING = 'gpu_1x_a10';
const REGION = 'us-east-1';
const MOST_A_MINUTE = 60;
const MOST_GROWTH = 1.1;
const WORKERS = [1, 3] as const;
const MINUTE_MS = 60_000;
const SETTLED_WITHIN_MS = 20 * MINUTE_MS;

export const budget: Figure = {
  name: 'budget',
  title: 'Lambda requests a minute, and answers 429, with 1 to 1,000 nodes waiting, at true limits',
  target: '≤ 60 a minute at any number, no 429; reads at 1,000 within 10 % of reads at 1',
  isSlow: false,
  run,
};

/** One number of nodes with one number of worker processes. */
interface Cell {
  readonly nodes: number;
  readonly workers: number;
  readonly requestsAMinute: number;
  readonly readsAMinute: number;
  /** What the limits refused since these workers run: which, how long after the request before it, and when. */
  readonly refused: readonly string[];
}

async function run(context: BenchContext): Promise<readonly Row[]> {
  const numbers = sized(context, { quick: [1, 20], normal: [1, 10, 100, 1_000], full: [1, 10, 100, 1_000] });
  const cells: Cell[] = [];
  for (const nodes of numbers) {
    const cloud = await settle(context, nodes);
    cells.push(...(await measureAll(context, cloud, nodes)));
  }
  return [...cells.flatMap(rowsOf), ...WORKERS.map((workers) => growth(cells, workers))];
}

/**
 * Half of the nodes wait for capacity that never comes, half for machines that never come up; of a single one, one each, so that there is
 * to read what there is to read at a thousand. They get there at speed, by a worker of its own that has no limits to keep.
 */
async function settle(context: BenchContext, nodes: number): Promise<BenchCloud> {
  const half = Math.ceil(nodes / 2);
  const cloud = await openWaitingRoom(context);
  cloud.simulator.controls.setCapacity(BOOTING, REGION, half);
  const worker = await cloud.startWorker(AT_SPEED);
  const asked = (kind: string, instanceType: string): readonly ProvisionRequest[] =>
    Array.from({ length: half }, (_, index) => ({ name: `${kind}-${index}`, instanceType, deadlines: PATIENT }));
  await startAll(cloud, [...asked('boots', BOOTING), ...asked('waits', WANTED)]);
  await untilInPhase(context, cloud, 'booting', half, SETTLED_WITHIN_MS);
  await untilInPhase(context, cloud, 'waiting_for_capacity', half, SETTLED_WITHIN_MS);
  await worker.stop();
  return cloud;
}

async function measureAll(context: BenchContext, cloud: BenchCloud, nodes: number): Promise<readonly Cell[]> {
  cloud.simulator.controls.setLimits({}); // Lambda's own
  const cells: Cell[] = [];
  let running = 0;
  for (const workers of WORKERS) {
    for (; running < workers; running += 1) await cloud.startWorker();
    cells.push(await measure(context, cloud, nodes, workers));
    context.tell(JSON.stringify(cells.at(-1)));
  }
  return cells;
}

async function measure(context: BenchContext, cloud: BenchCloud, nodes: number, workers: number): Promise<Cell> {
  const { signal } = context;
  const { record } = cloud.simulator;
  const before = record.requests.length;
  await sleep(sized(context, { quick: 10_000, normal: 30_000, full: 60_000 }), undefined, { signal });
  const forMs = sized(context, { quick: 30_000, normal: 90_000, full: 3 * MINUTE_MS });
  const from = record.requests.length;
  await sleep(forMs, undefined, { signal });
  const requests = record.requests.slice(from);
  const aMinute = (count: number): number => (count * MINUTE_MS) / forMs;
  return {
    ...{ nodes, workers },
    requestsAMinute: aMinute(requests.length),
    readsAMinute: aMinute(requests.filter(isRead).length),
    refused: refusals(record.requests, before),
  };
}

function refusals(requests: readonly RequestRecord[], from: number): readonly string[] {
  return requests.flatMap(({ operation, at, rateLimited }, index) => {
    if (index < from || rateLimited !== 'by-limit') return [];
    const seconds = Math.round((at - (requests[from]?.at ?? at)) / 1_000);
    return [`${operation ?? 'unknown'} ${at - (requests[index - 1]?.at ?? at)} ms after another, at ${seconds} s`];
  });
}

function isRead({ method }: RequestRecord): boolean {
  return method === 'GET';
}

function rowsOf({ nodes, workers, requestsAMinute, refused }: Cell): readonly Row[] {
  const where = `${nodes} waiting, ${workers === 1 ? '1 worker' : `${workers} workers`}`;
  return [
    { label: `${where}: requests a minute`, measured: requestsAMinute, bound: { atMost: MOST_A_MINUTE } },
    { label: `${where}: answers 429`, measured: refused.length, bound: { exactly: 0 } },
  ];
}

/** From the fewest nodes to the most. */
function growth(cells: readonly Cell[], workers: number): Row {
  const [least, most] = [
    cells.filter((cell) => cell.workers === workers).at(0),
    cells.filter((cell) => cell.workers === workers).at(-1),
  ];
  return {
    label: `reads at ${most?.nodes ?? 0} ÷ reads at ${least?.nodes ?? 0}, ${workers} workers`,
    measured: (most?.readsAMinute ?? Number.NaN) / (least?.readsAMinute ?? Number.NaN),
    bound: { atMost: MOST_GROWTH },
  };
}
