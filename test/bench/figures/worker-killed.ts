import type { Simulator } from '../../../src/simulator/index.ts';
import { openCloud, UNPACED, type BenchCloud } from '../harness/cloud.ts';
import { sized, type BenchContext, type Figure, type Row } from '../harness/figure.ts';
import { inParallel } from '../harness/parallel.ts';
import { until } from '../harness/until.ts';

const TYPE = 'gpu_1x_h100_sxm5';
const MOST_EXTRA_S = 30;
/** Shorter than in life, so that a lost half minute is not hidden in a boot. */
const ADDRESS_MS = [10_000, 15_000] as const;
const ACTIVE_MS = [60_000, 80_000] as const;

export const workerKilled: Figure = {
  name: 'worker-killed',
  title: 'the only worker process is killed (SIGKILL) while 100 nodes boot, and another started',
  target: 'all 100 ready; ≤ 30 s over the undisturbed run',
  isSlow: false,
  run,
};

async function run(context: BenchContext): Promise<readonly Row[]> {
  const nodes = sized(context, { quick: 10, normal: 100, full: 100 });
  const undisturbed = await boot(context, nodes);
  context.tell(`undisturbed: ${undisturbed.seconds.toFixed(1)} s`);
  const disturbed = await boot(context, nodes, { isKilled: true });
  const extra = disturbed.seconds - undisturbed.seconds;
  return [
    { label: 'nodes ready', measured: disturbed.ready, bound: { exactly: nodes } },
    { label: 'instances launched for them', measured: disturbed.launched, bound: { exactly: nodes } },
    { label: 'extra time', measured: extra, unit: 's', bound: { atMost: MOST_EXTRA_S } },
    { label: 'undisturbed, from asking to the last ready', measured: undisturbed.seconds, unit: 's' },
  ];
}

interface Booted {
  readonly seconds: number;
  readonly ready: number;
  readonly launched: number;
}

/** At true pace, but for the limits: heartbeats and timeouts are of real time. */
async function boot(
  context: BenchContext,
  nodes: number,
  { isKilled }: { readonly isKilled: boolean } = { isKilled: false },
): Promise<Booted> {
  const cloud = await openCloud(context, {
    limits: 'off',
    capacity: { kind: 'plentiful', slots: nodes },
    bootModel: { addressMs: ADDRESS_MS, singleGpuActiveMs: ACTIVE_MS },
    environment: UNPACED,
  });
  const worker = await cloud.startWorker();
  const startedAt = performance.now();
  const kill = async (): Promise<void> => {
    if (!isKilled) return;
    await untilInTheMiddle(context, cloud, nodes);
    context.tell(`killing it: ${inWords(cloud.simulator)}`);
    await worker.kill();
    await cloud.startWorker();
  };
  const [ready] = await Promise.all([provisionAll(cloud, nodes), kill()]);
  return {
    seconds: (performance.now() - startedAt) / 1_000,
    ready,
    launched: cloud.simulator.record.instances.length,
  };
}

/** When half of the machines have registered, there are nodes in every phase between an address and `active`. */
function untilInTheMiddle({ signal }: BenchContext, { simulator }: BenchCloud, nodes: number): Promise<void> {
  const { record } = simulator;
  return until('half of them have registered', { withinMs: 600_000, signal }, () => {
    return record.registrations.length >= nodes / 2;
  });
}

/** How many of them became ready. */
async function provisionAll(cloud: BenchCloud, nodes: number): Promise<number> {
  const results = await inParallel(nodes, nodes, async (index) => {
    const provision = await cloud.provision({ name: `bench-${index}`, instanceType: TYPE, maxLaunches: 1 });
    return provision.result().then(
      () => true,
      () => false,
    );
  });
  return results.filter((isReady) => isReady).length;
}

function inWords({ record }: Simulator): string {
  const active = record.instances.filter(({ status }) => status === 'active').length;
  return `${record.instances.length} launched, ${active} active, ${record.registrations.length} registered`;
}
