import type { FaultPlan, Simulator } from '../../../src/simulator/index.ts';
import { GPU_PROBE_COMMAND } from '../../../src/domain/gpu-probe.ts';
import { bringUpAll, secondsFrom, startOf, type BroughtUp } from '../harness/bring-up.ts';
import { openCloud, UNPACED, type BenchCloud } from '../harness/cloud.ts';
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

const EARLY_MEDIAN_S = 0.6;
const EARLY_P95_S = 1.5;
const LATE_S = 3;

export const firstLine: Figure = {
  name: 'first-line',
  title: 'from sshd answering to the first line of the bootstrap script, 1, 20 and 100 nodes',
  target: 'address known early: median ≤ 0.6 s, p95 ≤ 1.5 s; only with active: ≤ 3 s',
  isSlow: false,
  run,
};

async function run(context: BenchContext): Promise<readonly Row[]> {
  const sizes = sized(context, { quick: [1, 5], normal: [1, 20, 100], full: [1, 20, 100] });
  const slots = 2 * sizes.reduce((sum, size) => sum + size, 0);
  const cloud = await openCloud(context, {
    ...{ limits: 'off', capacity: { kind: 'plentiful', slots } },
    ...{ faults: FAULTS, environment: UNPACED },
  });
  await cloud.startWorker();
  const rows: Row[] = [];
  for (const size of sizes) {
    context.tell(`${size} nodes whose address is known early …`);
    const seconds = await secondsToFirstLine(cloud, EARLY, size);
    rows.push(
      { ...bounded(`${size} nodes, address known early: median`, median(seconds), EARLY_MEDIAN_S) },
      { ...bounded(`${size} nodes, address known early: p95`, quantile(seconds, 0.95), EARLY_P95_S) },
    );
  }
  for (const size of sizes) {
    context.tell(`${size} nodes whose address comes with active …`);
    const seconds = await secondsToFirstLine(cloud, LATE, size);
    rows.push(
      { label: `${size} nodes, address with active: median`, measured: median(seconds), unit: 's' },
      { ...bounded(`${size} nodes, address with active: p95`, quantile(seconds, 0.95), LATE_S) },
    );
  }
  return rows;
}

function bounded(label: string, measured: number, atMost: number): Row {
  return { label, measured, unit: 's', bound: { atMost } };
}

async function secondsToFirstLine(cloud: BenchCloud, when: string, size: number): Promise<readonly number[]> {
  const names = Array.from({ length: size }, (_, index) => `bench-${when}-${size}-${index}`);
  const all = await bringUpAll(cloud, names, REQUEST);
  return all.map(({ instance }) => {
    const answersAt = instance.acceptedAt + (when === EARLY ? ADDRESS_MS + SSHD_MS : ACTIVE_MS);
    const firstLineAt = startOf(cloud.simulator, instance.id, 'first', /^bash \S+\/step-1$/);
    return secondsFrom(answersAt, firstLineAt) - proofSeconds(cloud.simulator, instance);
  });
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
