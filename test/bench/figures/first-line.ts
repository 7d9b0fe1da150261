import type { FaultPlan, Simulator } from '../../../src/simulator/index.ts';
import { GPU_PROBE_COMMAND } from '../../../src/domain/gpu-probe.ts';
import { bringUpAll, BURST_MS, DENSE_MS, secondsFrom, startOf, type BroughtUp } from '../harness/bring-up.ts';
import { openCloud, UNPACED, type BenchCloud } from '../harness/cloud.ts';
import { percentOfCores, shown, watchCpu, type CpuWatch } from '../harness/cpu.ts';
import { sized, type BenchContext, type Figure, type Row } from '../harness/figure.ts';
import { median, quantile } from '../harness/statistics.ts';

// From the moment at which a machine can be asked until the first line of the bootstrap script runs there: SSH is noticed, the host verified,
// cloud-init found done, the GPUs proven (their proof's own run is taken off), and the script delivered.

const REQUEST = {
  instanceType: 'gpu_1x_h100_sxm5',
  registration: 'direct',
  bootstrap: { commands: ['true'] },
  maxLaunches: 1,
} as const;

/** Long before sshd: the address is known when it answers. */
const ADDRESS_MS = 5_000;
const SSHD_MS = 10_000;
/** When `active` brings the address. sshd answers then. */
const ACTIVE_MS = 20_000;

const EARLY = 'early';
const LATE = 'late';
const FAULTS: FaultPlan = [
  { on: 'instance', matchName: EARLY, do: { kind: 'boots', addressAfterMs: ADDRESS_MS, activeAfterMs: ACTIVE_MS } },
  { on: 'machine', matchName: EARLY, do: { sshAfterMs: SSHD_MS } },
  { on: 'instance', matchName: LATE, do: { kind: 'boots', activeAfterMs: ACTIVE_MS } },
  { on: 'instance', matchName: LATE, do: { kind: 'address', when: 'with-active' } },
];

const ADDRESS_IS = { [EARLY]: 'known early', [LATE]: 'only with active' } as const;

interface Bounds {
  readonly atMostMedian?: number;
  readonly atMostP95: number;
}

/** In seconds. */
const BOUNDS: Readonly<Record<typeof EARLY | typeof LATE, Bounds>> = {
  [EARLY]: { atMostMedian: 0.6, atMostP95: 1.5 },
  [LATE]: { atMostP95: 3 },
};

export const firstLine: Figure = {
  name: 'first-line',
  title: 'from sshd answering to the first line of the bootstrap script, 1, 20 and 100 nodes',
  target: 'address known early: median ≤ 0.6 s, p95 ≤ 1.5 s; only with active: ≤ 3 s',
  isSlow: false,
  run,
};

async function run(context: BenchContext): Promise<readonly Row[]> {
  const sizes = sized(context, { quick: [1, 5], normal: [1, 20, 100], full: [1, 20, 100] });
  const most = Math.max(...sizes);
  const cloud = await openCloud(context, {
    ...{ limits: 'off', capacity: { kind: 'plentiful', slots: 2 * sizes.reduce((sum, size) => sum + size, most) } },
    ...{ faults: FAULTS, environment: UNPACED },
  });
  const worker = await cloud.startWorker();
  const cpu = watchCpu(context, cloud.serverPid, worker.pid);
  const rows: Row[] = [];
  const take = async (when: typeof EARLY | typeof LATE, size: number, gapMs: number): Promise<void> => {
    const isBurst = gapMs === BURST_MS;
    const what = `${size} nodes, ${isBurst ? 'ten a second' : 'one a second'}, address ${ADDRESS_IS[when]}`;
    context.tell(`${what} …`);
    const { seconds, busy } = await toFirstLine(context, cloud, cpu, { when, size, gapMs });
    const { atMostMedian, atMostP95 } = isBurst ? {} : BOUNDS[when];
    rows.push(
      row(`${what}: median`, median(seconds), atMostMedian),
      row(`${what}: p95`, quantile(seconds, 0.95), atMostP95),
      { label: `${what}: of all cores meanwhile`, measured: busy, unit: '%' },
    );
  };
  for (const when of [EARLY, LATE] as const) {
    for (const size of sizes) await take(when, size, DENSE_MS);
    await take(when, most, BURST_MS);
  }
  return rows;
}

function row(label: string, measured: number, atMost: number | undefined): Row {
  return { label, measured, unit: 's', ...(atMost === undefined ? {} : { bound: { atMost } }) };
}

interface FirstLines {
  readonly seconds: readonly number[];
  /** How busy the cores were from the first machine's answer to the last machine's first line, in percent. */
  readonly busy: number;
}

async function toFirstLine(
  context: BenchContext,
  cloud: BenchCloud,
  cpu: CpuWatch,
  { when, size, gapMs }: { readonly when: string; readonly size: number; readonly gapMs: number },
): Promise<FirstLines> {
  const names = Array.from({ length: size }, (_, index) => `bench-${when}-${gapMs}-${size}-${index}`);
  const all = await bringUpAll(cloud, names, REQUEST, gapMs);
  const times = all.map(({ instance }) => ({
    instance,
    answersAt: instance.acceptedAt + (when === EARLY ? ADDRESS_MS + SSHD_MS : ACTIVE_MS),
    firstLineAt: startOf(cloud.simulator, instance.id, 'first', /^bash \S+\/step-1$/),
  }));
  const from = Math.min(...times.map(({ answersAt }) => answersAt));
  const to = Math.max(...times.map(({ firstLineAt }) => firstLineAt));
  const use = cpu.between(from, to);
  context.tell(`CPU in those ${to - from} ms: ${shown(use)}`);
  return {
    seconds: times.map(
      ({ instance, answersAt, firstLineAt }) =>
        secondsFrom(answersAt, firstLineAt) - proofSeconds(cloud.simulator, instance),
    ),
    busy: percentOfCores(use, to - from),
  };
}

/** How long the proof of the GPUs ran on the machine. */
function proofSeconds({ record }: Simulator, { id }: BroughtUp['instance']): number {
  const looks = record.commands.filter(({ instanceId, command }) => instanceId === id && command === GPU_PROBE_COMMAND);
  const [started, ended] = [
    looks.find((look) => look.exitCode === undefined),
    looks.find((look) => look.exitCode === 0),
  ];
  if (started === undefined || ended === undefined) throw new Error(`the GPUs of ${id} were not proven`);
  return secondsFrom(started.at, ended.at);
}
